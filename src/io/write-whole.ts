/** A file that is there whole or not at all: whoever waits for it, and whoever had an older one, never sees half of it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { messageOf, ProbeError } from '../core/errors.ts'

/** Writes beside `path` and renames. Throws OUTPUT_IO naming `option`; what was there before is then still there. */
export function writeWhole(path: string, content: string, option: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = openSync(temporary, 'wx')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw new ProbeError('OUTPUT_IO', `${option} ${path} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}
