/** The file that is imported, or stdin: its bytes, how far they were read, and every failure as one that names the file. */
import { createReadStream, statSync } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { messageOf, ProbeError } from '../../core/errors.ts'

const PIECE_BYTES = 1 << 18

export interface Input {
  /** As messages call it. */
  readonly name: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** Bytes read so far. */
  read(): number
  /** Where it is a file. */
  readonly size?: number
}

/** `-` is stdin. Throws BAD_OPTION where there is no such file; reading it ends with the signal's reason once it is aborted. */
export function openInput(file: string, signal: AbortSignal): Input {
  if (file === '-') return inputOf('stdin', process.stdin, signal)
  try {
    const stats = statSync(file)
    if (stats.isDirectory()) throw new Error('it is a folder')
    const stream = createReadStream(file, { highWaterMark: PIECE_BYTES })
    const input = inputOf(file, stream, signal)
    return stats.isFile() ? { ...input, size: stats.size } : input
  } catch (error) {
    throw unreadable(file, error)
  }
}

function inputOf(name: string, stream: Readable, signal: AbortSignal): Input {
  let read = 0
  addAbortSignal(signal, stream)
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        read += piece.length
        yield piece
      }
    } catch (error) {
      signal.throwIfAborted()
      throw unreadable(name, error)
    }
  }
  return { name, bytes: bytes(), read: () => read }
}

const unreadable = (name: string, error: unknown): ProbeError =>
  new ProbeError('BAD_OPTION', `${name} cannot be read: ${messageOf(error)}`, { cause: error })
