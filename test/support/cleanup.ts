/**
 * What a test leaves behind, taken away in the reverse order of its making: a page before its browser, both before the
 * collector they talk to, and the folder of them all last. node:test alone goes in the order of registration.
 */
import type { TestContext } from 'node:test'

type Cleanup = () => unknown

const cleanupsOf = new WeakMap<TestContext, Cleanup[]>()

/** Calls `cleanup` after `t`, before all that was registered here earlier. The rest is called even where one of them throws. */
export function afterwards(t: TestContext, cleanup: Cleanup): void {
  const known = cleanupsOf.get(t)
  if (known !== undefined) {
    known.push(cleanup)
    return
  }
  const cleanups = [cleanup]
  cleanupsOf.set(t, cleanups)
  t.after(() => undo(cleanups))
}

async function undo(cleanups: Cleanup[]): Promise<void> {
  const cleanup = cleanups.pop()
  if (cleanup === undefined) return
  try {
    await cleanup()
  } finally {
    await undo(cleanups)
  }
}
