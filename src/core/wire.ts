/**
 * The log as bytes: frames with a check sum each, holding the manifest, the baseline and the records (docs/FORMAT.md).
 *
 * Tolerant of its tail: whatever comes after the last intact frame is left out, and said so. A log is append-only and the
 * same bytes everywhere (agent, collector, file), so it is resumed by offset.
 */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { ProbeError, messageOf } from './errors.ts'
import { isManifest } from './manifest-shape.ts'
import { MANIFEST_SCHEMA, type Manifest } from './manifest.ts'
import { Plan } from './plan.ts'
import type { LogRecord, RecordKind } from './record.ts'

const FRAME_MAGIC = 0x676c // "lg": not how a stamped sector begins
const FRAME_VERSION = 1
const FRAME_HEADER_BYTES = 16
/** A frame never holds more; a longer one is corrupt. */
export const FRAME_PAYLOAD_BYTES_MAX = 1 << 20

const FRAME_TYPES = ['manifest', 'baseline', 'records'] as const
export type FrameType = (typeof FRAME_TYPES)[number]

/** Numbers frames from 0; each carries its number, so that a frame cannot be dropped or moved unnoticed. */
export class FrameEncoder {
  #sequence = 0

  /** Frame header (16 bytes, little endian: magic, version, type, payload length, sequence, CRC-32) and payload. */
  frame(type: FrameType, payload: Uint8Array): Uint8Array {
    assert(payload.length <= FRAME_PAYLOAD_BYTES_MAX, 'a frame holds at most 1 MiB')
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, FRAME_MAGIC, true)
    view.setUint8(2, FRAME_VERSION)
    view.setUint8(3, FRAME_TYPES.indexOf(type))
    view.setUint32(4, payload.length, true)
    view.setUint32(8, this.#sequence++, true)
    bytes.set(payload, FRAME_HEADER_BYTES)
    view.setUint32(12, frameCheck(bytes), true)
    return bytes
  }

  /** The first frame of a log. */
  manifest(manifest: Manifest): Uint8Array {
    assert.equal(this.#sequence, 0, 'the manifest is the first frame')
    return this.frame('manifest', new TextEncoder().encode(JSON.stringify(manifest)))
  }
}

/** CRC-32 (ISO-HDLC) of the header before the check sum, continued over the payload. */
function frameCheck(bytes: Uint8Array): number {
  return crc32(bytes.subarray(FRAME_HEADER_BYTES), crc32(bytes.subarray(0, 12)))
}

const KINDS: readonly RecordKind[] = [
  'issue',
  'complete',
  'flush-issue',
  'flush-complete',
  'window',
  'tick',
  'failed',
  'flush-failed',
  'end',
]
/** A window rises at most so far above the last issue: sixteen times what an agent ever asks for. */
export const WINDOW_AHEAD_MAX = 1 << 20
/** At most so many writes are in flight: sixteen times the deepest queue of an agent. */
export const IN_FLIGHT_MAX = 4096

/** Low three bits of the first byte; 7 says that the kind follows in a byte of its own, for the rare ones. */
const KIND_BITS = 3
const KIND_ESCAPE = 7
const TIME_ESCAPE = 31

/**
 * What both sides of the wire know without being told: numbers that follow from the order.
 * An issue is of the next write, a completion of a write in flight (named by its place among them), a flush of the next.
 */
class WireState {
  readonly inFlight: number[] = []
  issued = 0
  flushes = 0
  window = 0
  timeUs = 0

  /** Number of the next write, now in flight; -1 where too many are. */
  issue(): number {
    if (this.inFlight.length === IN_FLIGHT_MAX) return -1
    this.inFlight.push(++this.issued)
    return this.issued
  }

  /** Top of the window, risen; -1 where it is too far ahead. */
  widen(by: number): number {
    this.window += by
    return this.window - this.issued > WINDOW_AHEAD_MAX ? -1 : this.window
  }
}

/** Records to bytes. One encoder a run: what it writes depends on all it wrote before. */
export class RecordEncoder {
  readonly #state = new WireState()
  #bytes = new Uint8Array(4096)
  #length = 0

  /** Bytes waiting to be taken. */
  get pending(): number {
    return this.#length
  }

  /** Appends one record. Times MUST NOT decrease; issues and flush issues MUST be numbered in order. */
  add(kind: RecordKind, id: number, timeUs: number, errno = 0): void {
    const state = this.#state
    const us = Math.max(0, Math.round(timeUs) - state.timeUs)
    state.timeUs += us
    this.#head(KINDS.indexOf(kind), us)
    switch (kind) {
      case 'issue':
        assert.equal(id, state.issued + 1, 'writes are issued in the order of their numbers')
        state.issued = id
        state.inFlight.push(id)
        return
      case 'complete':
        return this.#varint(this.#leave(id))
      case 'failed':
        this.#varint(this.#leave(id))
        return this.#varint(errno)
      case 'flush-issue':
        assert.equal(id, state.flushes + 1, 'flushes are issued in the order of their numbers')
        state.flushes = id
        return
      case 'flush-complete':
        assert.equal(id, state.flushes, 'only the newest flush can be in flight')
        return
      case 'flush-failed':
        assert.equal(id, state.flushes, 'only the newest flush can be in flight')
        return this.#varint(errno)
      case 'window':
        assert(id >= state.window, 'a window never shrinks')
        assert(id - state.issued <= WINDOW_AHEAD_MAX, 'a window goes only so far ahead')
        this.#varint(id - state.window)
        state.window = id
        return
      case 'tick':
      case 'end':
        return
    }
  }

  /** Takes the bytes so far as the payload of a `records` frame. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return taken
  }

  #leave(id: number): number {
    const { inFlight } = this.#state
    const place = inFlight.indexOf(id)
    if (place < 0) assert.fail(`write ${id} is not in flight`)
    inFlight.splice(place, 1)
    return place
  }

  #head(kind: number, us: number): void {
    const inTag = Math.min(us, TIME_ESCAPE) << KIND_BITS
    if (kind < KIND_ESCAPE) this.#byte(kind | inTag)
    else {
      this.#byte(KIND_ESCAPE | inTag)
      this.#byte(kind)
    }
    if (us >= TIME_ESCAPE) this.#varint(us - TIME_ESCAPE)
  }

  #varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#byte((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#byte(rest)
  }

  #byte(value: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#length++] = value
  }
}

/** Where the contents of a log go. Called in the order of the log. `complete` and the like get the numbers they stand for. */
export interface LogSink {
  manifest(manifest: Manifest): void
  /** One baseline frame's payload (core/baseline decodes it). The bytes are the sink's to keep. */
  baseline(payload: Uint8Array): void
  record(kind: RecordKind, id: number, timeUs: number, errno: number): void
}

/** How a log ended. `bytesUsed` counts the intact prefix. */
export interface LogEnd {
  readonly tail: 'clean' | 'truncated' | 'corrupt'
  readonly bytesUsed: number
  readonly bytesTotal: number
  readonly detail: string
}

/** Bytes to records, fed in pieces of any size. */
export class LogDecoder {
  readonly #sink: LogSink
  readonly #state = new WireState()
  #pending: Uint8Array = new Uint8Array(0)
  #sequence = 0
  #lastWrite = 0
  #used = 0
  #total = 0
  #corrupt = ''

  constructor(sink: LogSink) {
    this.#sink = sink
  }

  /** Takes the next bytes. Throws LOG_UNREADABLE or LOG_VERSION where the head is not one of ours. */
  push(chunk: Uint8Array): void {
    this.#total += chunk.length
    if (this.#corrupt !== '') return
    let bytes = chunk
    if (this.#pending.length > 0) {
      bytes = new Uint8Array(this.#pending.length + chunk.length)
      bytes.set(this.#pending)
      bytes.set(chunk, this.#pending.length)
    }
    let at = 0
    while (this.#corrupt === '') {
      const size = this.#frameSize(bytes, at)
      if (size === undefined || at + size > bytes.length) break
      this.#frame(bytes.subarray(at, at + size))
      at += this.#corrupt === '' ? size : 0
    }
    this.#pending = bytes.slice(at)
    if (this.#pending.length > FRAME_PAYLOAD_BYTES_MAX * 2) this.#pending = new Uint8Array(0)
  }

  /** No more bytes come. Throws LOG_UNREADABLE where not even the manifest was intact. */
  end(): LogEnd {
    if (this.#sequence === 0) {
      throw new ProbeError(
        'LOG_UNREADABLE',
        `the log of ${this.#total} bytes has no intact header${this.#corrupt === '' ? ': it is cut short' : `: ${this.#corrupt}`}`,
      )
    }
    const left = this.#total - this.#used
    const counts = { bytesUsed: this.#used, bytesTotal: this.#total }
    if (this.#corrupt !== '')
      return {
        ...counts,
        tail: 'corrupt',
        detail: `${this.#corrupt}; the last ${left} of ${this.#total} bytes are left out`,
      }
    if (left > 0)
      return {
        ...counts,
        tail: 'truncated',
        detail: `the log ends in the middle of a frame; its last ${left} bytes are left out`,
      }
    return { ...counts, tail: 'clean', detail: '' }
  }

  #frameSize(bytes: Uint8Array, at: number): number | undefined {
    if (bytes.length - at < FRAME_HEADER_BYTES) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, FRAME_HEADER_BYTES)
    if (view.getUint16(0, true) !== FRAME_MAGIC) {
      if (this.#sequence === 0)
        throw new ProbeError('LOG_UNREADABLE', 'this is not a plugpull log: it does not begin with the mark of one')
      return this.#fail('no frame begins where one should')
    }
    if (view.getUint8(2) !== FRAME_VERSION) {
      if (this.#sequence === 0)
        throw new ProbeError(
          'LOG_VERSION',
          `the log is of format version ${view.getUint8(2)}; this program reads version ${FRAME_VERSION}`,
        )
      return this.#fail('a frame of another version')
    }
    const length = view.getUint32(4, true)
    return length > FRAME_PAYLOAD_BYTES_MAX ? this.#fail('a frame of impossible length') : FRAME_HEADER_BYTES + length
  }

  #fail(what: string): undefined {
    this.#corrupt = `frame ${this.#sequence} at byte ${this.#used} is damaged: ${what}`
    return undefined
  }

  #frame(bytes: Uint8Array): undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    if (view.getUint32(12, true) !== frameCheck(bytes)) return this.#fail('its check sum does not match')
    if (view.getUint32(8, true) !== this.#sequence) return this.#fail(`it says it is frame ${view.getUint32(8, true)}`)
    const type = FRAME_TYPES[view.getUint8(3)]
    const payload = bytes.subarray(FRAME_HEADER_BYTES)
    if ((this.#sequence === 0) !== (type === 'manifest')) return this.#fail('the manifest is not where it belongs')
    switch (type) {
      case 'manifest':
        this.#manifest(parseManifest(payload))
        break
      case 'baseline':
        this.#sink.baseline(payload.slice())
        break
      case 'records':
        if (!this.#records(payload)) return
        break
      case undefined:
        return this.#fail('its type is unknown')
    }
    this.#sequence++
    this.#used += bytes.length
  }

  #manifest(manifest: Manifest): void {
    this.#lastWrite = lastWriteOf(manifest)
    this.#sink.manifest(manifest)
  }

  /** False where the frame passed its check sum and yet makes no sense: the records before that stand. */
  #records(payload: Uint8Array): boolean {
    const reader = new RecordReader(payload, this.#state)
    while (!reader.atEnd) {
      const record = reader.next()
      if (record === undefined || (record.kind === 'issue' && record.id > this.#lastWrite)) {
        this.#fail('a record in it makes no sense')
        return false
      }
      this.#sink.record(record.kind, record.id, record.timeUs, record.errno)
    }
    return true
  }
}

function parseManifest(payload: Uint8Array): Manifest {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch (cause) {
    throw new ProbeError('LOG_UNREADABLE', "the log's manifest is not JSON", { cause })
  }
  const schema = typeof parsed === 'object' && parsed !== null && 'schema' in parsed ? parsed.schema : undefined
  if (schema !== MANIFEST_SCHEMA)
    throw new ProbeError(
      'LOG_VERSION',
      `the log's manifest is of schema ${JSON.stringify(schema)}; this program reads ${MANIFEST_SCHEMA}`,
    )
  if (!isManifest(parsed))
    throw new ProbeError('LOG_UNREADABLE', "the log's manifest lacks a part or has one of the wrong kind")
  return parsed
}

/** Last write of the manifest's plan. Throws LOG_UNREADABLE where its parameters make no plan, whatever is wrong with them. */
function lastWriteOf(manifest: Manifest): number {
  try {
    const { region } = manifest.plan
    assert(region.lba + region.sectors <= manifest.target.sizeSectors, 'the region does not lie on the target')
    return Plan.of(manifest.plan).length
  } catch (cause) {
    throw new ProbeError('LOG_UNREADABLE', `the log's manifest describes no plan: ${messageOf(cause)}`, { cause })
  }
}

/** Reads the records of one frame; hands out one object again and again. */
class RecordReader {
  readonly #bytes: Uint8Array
  readonly #state: WireState
  readonly #record: { -readonly [K in keyof LogRecord]: LogRecord[K] } = { kind: 'tick', id: 0, timeUs: 0, errno: 0 }
  #at = 0

  constructor(bytes: Uint8Array, state: WireState) {
    this.#bytes = bytes
    this.#state = state
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** The next record, or `undefined` where the bytes make none, or one that no agent writes: few bytes then stand for endless work. */
  next(): LogRecord | undefined {
    const state = this.#state
    const tag = this.#byte()
    const code = tag & KIND_ESCAPE
    const kind = KINDS[code === KIND_ESCAPE ? this.#byte() : code]
    if (kind === undefined) return undefined
    const inTag = tag >> KIND_BITS
    state.timeUs += inTag === TIME_ESCAPE ? TIME_ESCAPE + this.#varint() : inTag
    const id = this.#id(kind)
    const record = this.#record
    record.kind = kind
    record.id = id
    record.timeUs = state.timeUs
    record.errno = kind === 'failed' || kind === 'flush-failed' ? this.#varint() : 0
    return id < 0 || this.#at > this.#bytes.length || !Number.isSafeInteger(state.timeUs) ? undefined : record
  }

  /** The number the record is about; -1 where there can be none. */
  #id(kind: RecordKind): number {
    const state = this.#state
    switch (kind) {
      case 'issue':
        return state.issue()
      case 'complete':
      case 'failed': {
        const [id] = state.inFlight.splice(this.#varint(), 1)
        return id ?? -1
      }
      case 'flush-issue':
        return ++state.flushes
      case 'flush-complete':
      case 'flush-failed':
        return state.flushes
      case 'window':
        return state.widen(this.#varint())
      case 'tick':
      case 'end':
        return 0
    }
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
  }

  /** The next byte; 0 past the end, which `next` then refuses. */
  #byte(): number {
    return this.#bytes[this.#at++] ?? 0
  }
}
