/** A file that is there whole or not at all: whoever waits for it, and whoever had an older one, never sees half of it. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { messageOf, ProbeError } from '../core/errors.ts'

/** Writes beside `path` and renames. Throws OUTPUT_IO naming `option`; what was there before is then still there. */
export function writeWhole(path: string, content: string, option: string): void {
  const temporary = `${path}.${process.pid}.tmp`
  refuseFolder(path, option)
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
    throw cannotWrite(path, temporary, error, option)
  }
}

/** Throws OUTPUT_IO where a folder is there: nothing takes its name. */
export function refuseFolder(path: string, option: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return
  throw new ProbeError('OUTPUT_IO', `${option} ${path} is a folder; give the name of a file`)
}

/** The error, which names the file that was asked for and not the one beside it that is written first. */
export function cannotWrite(path: string, temporary: string, error: unknown, option: string): ProbeError {
  const why = messageOf(error).replaceAll(temporary, path)
  return new ProbeError('OUTPUT_IO', `${option} ${path} cannot be written: ${why}`, { cause: error })
}
