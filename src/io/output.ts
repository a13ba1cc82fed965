/** Output that is there before the program ends. */
import { ProbeError, messageOf } from '../core/errors.ts'

/** Writes to stdout and waits until it is gone: the exit status must not overtake the report. */
export async function print(document: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void =>
      reject(new ProbeError('OUTPUT_IO', `the result cannot be written: ${messageOf(error)}`, { cause: error }))
    process.stdout.once('error', fail)
    process.stdout.write(document, (error) => {
      process.stdout.off('error', fail)
      if (error === undefined || error === null) resolve()
      else fail(error)
    })
  })
}
