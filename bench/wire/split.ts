/** The bytes of a stored log by what they are for. Each record is encoded once more, which takes as many bytes as it did. */
import type { RecordKind } from '../../src/core/record.ts'
import { LogDecoder, RecordEncoder } from '../../src/core/wire.ts'

const FRAME_HEADER_BYTES = 16
const RECORDS_TYPE = 2

export interface Split {
  readonly writes: number
  readonly issueBytes: number
  readonly completeBytes: number
  readonly flushBytes: number
  /** Windows, ticks, the end. */
  readonly otherBytes: number
  readonly headerBytes: number
}

export function splitOf(log: Uint8Array): Split {
  const bytes = new Map<RecordKind, number>()
  const encoder = new RecordEncoder()
  let writes = 0
  const decoder = new LogDecoder({
    manifest: () => undefined,
    baseline: () => undefined,
    record: (kind, id, timeUs, errno) => {
      if (kind === 'complete') writes++
      const before = encoder.pending
      encoder.add(kind, id, timeUs, errno)
      bytes.set(kind, (bytes.get(kind) ?? 0) + encoder.pending - before)
    },
  })
  decoder.push(log)
  const { bytesUsed } = decoder.end()
  const of = (...kinds: readonly RecordKind[]): number => kinds.reduce((sum, kind) => sum + (bytes.get(kind) ?? 0), 0)
  return {
    writes,
    issueBytes: of('issue'),
    completeBytes: of('complete'),
    flushBytes: of('flush-issue', 'flush-complete'),
    otherBytes: of('window', 'tick', 'end'),
    headerBytes: recordFrames(log.subarray(0, bytesUsed)) * FRAME_HEADER_BYTES,
  }
}

function recordFrames(log: Uint8Array): number {
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength)
  let frames = 0
  for (let at = 0; at < log.length; at += FRAME_HEADER_BYTES + view.getUint32(at + 4, true))
    if (view.getUint8(at + 3) === RECORDS_TYPE) frames++
  return frames
}
