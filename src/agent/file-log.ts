/**
 * The log in a local file (`--log`): created exclusively, appended to, and brought to stable storage where somebody waits
 * for that and otherwise every few tens of milliseconds. The file must lie where the cut does not reach.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { monotonicMs } from '../io/clock.ts'
import type { AppendOutcome, LogPort } from './log-port.ts'

/** Longest time between two fdatasync while bytes come. */
const SYNC_EVERY_MS = 50

class FileLog implements LogPort {
  readonly #path: string
  readonly #file: FileHandle
  #stable = 0
  #syncedMs = monotonicMs()

  constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  async append(offset: number, bytes: Uint8Array, urgent: boolean): Promise<AppendOutcome> {
    const end = offset + bytes.length
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, offset + done)
        done += bytesWritten
      }
      if (urgent || monotonicMs() - this.#syncedMs >= SYNC_EVERY_MS) {
        await this.#file.datasync()
        this.#stable = end
        this.#syncedMs = monotonicMs()
      }
    } catch (error) {
      throw logError(this.#path, error)
    }
    return { stable: this.#stable, next: end }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

function logError(path: string, error: unknown): ProbeError {
  const wayOut = errnoOf(error) === 'ENOSPC' ? 'make room there or choose another --log' : 'choose another --log'
  return new ProbeError('LOG_IO', `the log ${path} cannot be written: ${messageOf(error)}; ${wayOut}`, { cause: error })
}

/** Creates the log file; throws LOG_EXISTS or LOG_IO. The name itself is made stable too. */
export async function createFileLog(path: string): Promise<LogPort> {
  let file: FileHandle
  try {
    file = await open(path, 'wx')
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw logError(path, error)
    throw new ProbeError(
      'LOG_EXISTS',
      `--log ${path} exists already; a run never overwrites a log: choose another name or move it away`,
      {
        cause: error,
      },
    )
  }
  try {
    const folder = await open(dirname(path), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  } catch (error) {
    await file.close()
    throw logError(path, error)
  }
  return new FileLog(path, file)
}
