/** What core uses of node:assert, for a browser. */
interface Assert {
  (condition: unknown, message?: string): asserts condition
  equal(actual: unknown, expected: unknown, message?: string): void
  fail(message: string): never
}

const fail = (message = 'assertion failed'): never => {
  throw new Error(message)
}

const assert: Assert = Object.assign(
  (condition: unknown, message?: string) => {
    if (!condition) fail(message)
  },
  {
    equal(actual: unknown, expected: unknown, message?: string): void {
      if (actual !== expected) fail(message)
    },
    fail,
  },
)

export default assert
