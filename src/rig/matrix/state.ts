/**
 * The folder of a matrix: its state as an append-only file, each record on stable storage before the next cycle counts on it, and
 * a lock that no kill can leave behind.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ProbeError, errnoOf, messageOf } from '../../core/errors.ts'
import { type MatrixState, type StateRecord, lineOf, parseRecords, stateOf, wholeBytes } from './record.ts'

const STATE_NAME = 'matrix.jsonl'

export interface MatrixFolder {
  readonly path: string
  /** What it knew when it was opened, and all that was added since. */
  state(): MatrixState
  /** The record is on stable storage when this returns. Throws OUTPUT_IO. */
  append(record: StateRecord): void
  file(name: string): string
  /** Lets the next one in. */
  close(): void
}

/** Path of the state in a folder. */
export const stateFile = (folder: string): string => join(folder, STATE_NAME)

/** What a folder knows, without opening it for work. Throws BAD_OPTION where it is not one of a matrix. */
export function readState(folder: string): MatrixState {
  const path = stateFile(folder)
  if (!existsSync(path))
    throw new ProbeError('BAD_OPTION', `${folder} is not a folder of plugpull matrix: it has no ${STATE_NAME}`)
  return stateOf(parseRecords(readFileSync(path, 'utf8'), path))
}

/** Opens the folder for work, alone; makes it where it is not there. Throws OUTPUT_IO. */
export async function openFolder(given: string): Promise<MatrixFolder> {
  const path = makeFolder(given)
  const unlock = await lock(path)
  try {
    const file = stateFile(path)
    const descriptor = openSync(file, 'a+', 0o600)
    const bytes = readFileSync(file)
    ftruncateSync(descriptor, wholeBytes(bytes))
    const records = [...parseRecords(bytes.toString('utf8'), file)]
    syncFolder(path)
    return {
      path,
      state: () => stateOf(records),
      append(record) {
        appendLine(descriptor, lineOf(record), file)
        records.push(record)
      },
      file: (name) => join(path, name),
      close() {
        closeSync(descriptor)
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function makeFolder(given: string): string {
  try {
    mkdirSync(given, { recursive: true })
    return realpathSync(given)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `--output ${given} cannot be made: ${messageOf(error)}`, { cause: error })
  }
}

function appendLine(descriptor: number, line: string, file: string): void {
  try {
    const bytes = Buffer.from(line)
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `${file} cannot be written: ${messageOf(error)}; the matrix stops here`, {
      cause: error,
    })
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * A socket in Linux's abstract name space, named after the folder itself: it is taken by one process at a time, and goes with it
 * however it ends. Two hosts that share the folder do not see each other's.
 */
async function lock(path: string): Promise<() => void> {
  const { dev, ino } = statSync(path)
  const server = createServer((connection) => void connection.destroy())
  server.unref()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(`\0plugpull-matrix-${dev}-${ino}`, resolve)
    })
  } catch (error) {
    if (errnoOf(error) !== 'EADDRINUSE') throw error
    throw new ProbeError(
      'OUTPUT_IO',
      `another plugpull matrix works on ${path}; wait for its end, or choose another --output`,
      { cause: error },
    )
  }
  return () => void server.close()
}
