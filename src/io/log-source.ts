/** Where a run's log comes from: a file, or a collector. Both are read piece by piece, never as a whole. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { CutRecord } from '../core/campaign/campaign.ts'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { FrameEncoder } from '../core/wire.ts'
import type { CollectorClient } from './collector-client.ts'

const PIECE_BYTES = 1 << 18

export interface LogSource {
  /** As messages call it. */
  readonly name: string
  readonly sizeBytes: number
  /** How the power was cut, where the source knows. */
  readonly cut?: CutRecord
  /** The bytes in order; each piece is valid until the next is asked for. */
  chunks(): AsyncIterable<Uint8Array>
}

/** The log in a file. Throws LOG_MISSING where it cannot be opened, LOG_UNREADABLE where it cannot be a log. */
export async function fileLog(path: string): Promise<LogSource> {
  const stats = await stat(path).catch((error: unknown) => {
    throw missing(path, error)
  })
  if (!stats.isFile())
    throw new ProbeError('LOG_UNREADABLE', `--log ${path} is not a regular file; give the file that agent --log wrote`)
  return { name: path, sizeBytes: stats.size, chunks: () => fileChunks(path) }
}

/** Pieces share one buffer, each valid until the next is asked for: a long log leaves no garbage behind. */
async function* fileChunks(path: string): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(PIECE_BYTES)
  let file: FileHandle | undefined
  try {
    file = await open(path)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw missing(path, error)
  } finally {
    await file?.close()
  }
}

function missing(path: string, error: unknown): ProbeError {
  const why = errnoOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${messageOf(error)}`
  return new ProbeError('LOG_MISSING', `--log ${path} ${why}; give the file that agent --log wrote`, { cause: error })
}

/** The log of a run at a collector. Throws RUN_UNKNOWN or COLLECTOR_*. */
export async function collectorLog(client: CollectorClient, run: string): Promise<LogSource> {
  const view = await client.run(run)
  // An agent that was cut before its first append left a run with a manifest and nothing else: an empty history.
  const empty = view.bytes === 0
  const source = {
    name: `${client.url} run ${run}`,
    sizeBytes: view.bytes,
    chunks: () => (empty ? only(new FrameEncoder().manifest(view.manifest)) : client.readLog(run)),
  }
  return view.cut === undefined ? source : { ...source, cut: view.cut }
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield chunk
}
