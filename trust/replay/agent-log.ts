/** An agent's log as a list of records, and any prefix of it as a log of its own: what a cut at that place would have left. */
import type { Manifest } from '../../src/core/manifest.ts'
import type { LogRecord } from '../../src/core/record.ts'
import { FrameEncoder, LogDecoder, type LogSink, RecordEncoder } from '../../src/core/wire.ts'

const FRAME_BYTES = 1 << 16

export interface AgentLog {
  readonly manifest: Manifest
  /** Payloads of the baseline's frames. */
  readonly baseline: readonly Uint8Array[]
  readonly records: readonly LogRecord[]
}

class Collecting implements LogSink {
  found: Manifest | undefined
  readonly payloads: Uint8Array[] = []
  readonly records: LogRecord[] = []

  manifest(manifest: Manifest): void {
    this.found = manifest
  }

  baseline(payload: Uint8Array): void {
    this.payloads.push(payload)
  }

  record(kind: LogRecord['kind'], id: number, timeUs: number, errno: number): void {
    this.records.push({ kind, id, timeUs, errno })
  }
}

/** Reads the intact part of a log. Throws LOG_UNREADABLE or LOG_VERSION. */
export function readAgentLog(bytes: Uint8Array): AgentLog {
  const sink = new Collecting()
  const decoder = new LogDecoder(sink)
  decoder.push(bytes)
  decoder.end()
  if (sink.found === undefined) throw new Error('a log that decoded has a manifest')
  return { manifest: sink.found, baseline: sink.payloads, records: sink.records }
}

/** The log that holds the first `count` records. */
export function prefixOf(log: AgentLog, count: number): Uint8Array {
  const frames = new FrameEncoder()
  const pieces = [frames.manifest(log.manifest), ...log.baseline.map((payload) => frames.frame('baseline', payload))]
  const encoder = new RecordEncoder()
  for (const { kind, id, timeUs, errno } of log.records.slice(0, count)) {
    encoder.add(kind, id, timeUs, errno)
    if (encoder.pending >= FRAME_BYTES) pieces.push(frames.frame('records', encoder.take()))
  }
  if (encoder.pending > 0) pieces.push(frames.frame('records', encoder.take()))
  return Buffer.concat(pieces)
}
