import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ProbeError } from '../../src/core/errors.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import type { LogRecord } from '../../src/core/record.ts'
import {
  FRAME_PAYLOAD_BYTES_MAX,
  FrameEncoder,
  IN_FLIGHT_MAX,
  type LogEnd,
  LogDecoder,
  RecordEncoder,
  WINDOW_AHEAD_MAX,
} from '../../src/core/wire.ts'

const MANIFEST: Manifest = {
  schema: 'plugpull.run/1',
  run: '0123456789abcdef',
  campaign: 'Δ µ',
  device: '00000000000000aa',
  startedAt: '2026-01-01T00:00:00.000Z',
  plan: {
    workload: 'random',
    seed: '0000000000000001',
    region: { lba: 0, sectors: 256 },
    writeSectors: { least: 8, most: 8 },
    alignSectors: 1,
    clusterSectors: 128,
    fuaPercent: 0,
    cadence: { kind: 'never' },
  },
  io: 'direct',
  queueDepth: 1,
  flushMode: 'barrier',
  commit: 'stream',
  baseline: 'format',
  overlapInFlight: false,
  contract: 'volatile',
  target: { path: '/dev/vdb', kind: 'block', sizeSectors: 256, logicalBlockBytes: 512 },
  environment: { hostname: 'guest', kernel: '6.1', arch: 'x64', node: 'v20', agent: '0.1.0', cpus: 1, labels: {} },
}

interface Decoded {
  readonly manifest: unknown
  readonly baselines: readonly Uint8Array[]
  readonly records: readonly LogRecord[]
  readonly end: LogEnd
}

function decode(bytes: Uint8Array, pieces: readonly number[] = []): Decoded {
  let manifest: unknown
  const baselines: Uint8Array[] = []
  const records: LogRecord[] = []
  const decoder = new LogDecoder({
    manifest: (read) => (manifest = read),
    baseline: (payload) => baselines.push(payload),
    record: (kind, id, timeUs, errno) => records.push({ kind, id, timeUs, errno }),
  })
  let at = 0
  for (const piece of pieces) {
    decoder.push(bytes.subarray(at, at + piece))
    at += Math.min(piece, bytes.length - at)
  }
  decoder.push(bytes.subarray(at))
  return { manifest, baselines, records, end: decoder.end() }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** Choices to a history that an agent could have recorded. */
function historyOf(choices: readonly (readonly [number, number, number])[]): LogRecord[] {
  const records: LogRecord[] = []
  const inFlight: number[] = []
  let [issued, flushes, window, timeUs, flushing] = [0, 0, 0, 0, false]
  for (const [what, which, us] of choices) {
    timeUs += us
    const add = (kind: LogRecord['kind'], id: number, errno = 0): number => records.push({ kind, id, timeUs, errno })
    switch (what) {
      case 0:
        inFlight.push(++issued)
        add('issue', issued)
        break
      case 1:
      case 2: {
        const [id] = inFlight.splice(which % Math.max(1, inFlight.length), 1)
        if (id !== undefined) add(what === 1 ? 'complete' : 'failed', id, what === 1 ? 0 : which)
        break
      }
      case 3:
        if (!flushing) add('flush-issue', ++flushes)
        else add(which % 2 === 0 ? 'flush-complete' : 'flush-failed', flushes, which % 2 === 0 ? 0 : which)
        flushing = !flushing
        break
      case 4:
        add('window', (window = Math.max(window, issued + which)))
        break
      case 5:
        add(which % 2 === 0 ? 'tick' : 'end', 0)
        break
    }
  }
  return records
}

const histories = fc
  .array(fc.tuple(fc.nat(5), fc.nat(70_000), fc.oneof(fc.nat(40), fc.nat(10_000_000))), { maxLength: 200 })
  .map(historyOf)

function encode(records: readonly LogRecord[], frameRecords: number): Uint8Array[] {
  const frames = new FrameEncoder()
  const encoder = new RecordEncoder()
  const parts = [frames.manifest(MANIFEST), frames.frame('baseline', Uint8Array.of(1, 2, 3))]
  for (let at = 0; at < records.length; at += frameRecords) {
    for (const { kind, id, timeUs, errno } of records.slice(at, at + frameRecords)) encoder.add(kind, id, timeUs, errno)
    parts.push(frames.frame('records', encoder.take()))
  }
  return parts
}

test('what is encoded is decoded, in pieces of any size', () => {
  fc.assert(
    fc.property(
      histories,
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (records, size, pieces) => {
        const read = decode(join(encode(records, size)), pieces)
        assert.deepEqual(read.manifest, MANIFEST)
        assert.deepEqual(read.baselines, [Uint8Array.of(1, 2, 3)])
        assert.deepEqual(read.records, records)
        assert.equal(read.end.tail, 'clean')
        assert.equal(read.end.bytesUsed, read.end.bytesTotal)
      },
    ),
  )
})

const SMALL: readonly LogRecord[] = historyOf([
  [4, 64, 5],
  [0, 0, 3],
  [0, 0, 40],
  [1, 1, 5_000_000],
  [3, 0, 31],
  [3, 0, 30],
  [2, 5, 200],
  [5, 0, 1],
])

/** The frames whose last byte lies before `at`. */
function wholeFrames(parts: readonly Uint8Array[], at: number): number {
  let end = 0
  return parts.filter((part) => (end += part.length) <= at).length
}

test('a log cut at any byte gives the intact prefix, and says how it ended', () => {
  const parts = encode(SMALL, 2)
  const bytes = join(parts)
  const head = parts[0]?.length ?? 0
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length)
    if (length < head) {
      assert.throws(() => decode(cut), isProbeError('LOG_UNREADABLE'), `${length} bytes`)
      continue
    }
    const whole = wholeFrames(parts, length)
    const used = parts.slice(0, whole).reduce((sum, part) => sum + part.length, 0)
    const read = decode(cut)
    assert.deepEqual(read.records, SMALL.slice(0, Math.max(0, whole - 2) * 2), `${length} bytes`)
    assert.equal(read.end.bytesUsed, used)
    assert.equal(read.end.tail, used === length ? 'clean' : 'truncated')
  }
})

test('a bit flipped anywhere never changes a record: everything before its frame stands, nothing after it', () => {
  const parts = encode(SMALL, 2)
  const bytes = join(parts)
  const head = parts[0]?.length ?? 0
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const at = bit >> 3
    const flipped = bytes.slice()
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit & 7))
    if (at < head) {
      assert.throws(() => decode(flipped), isProbeError('LOG_UNREADABLE', 'LOG_VERSION'), `bit ${bit}`)
      continue
    }
    const read = decode(flipped)
    const before = wholeFrames(parts, at)
    assert.deepEqual(read.records, SMALL.slice(0, Math.max(0, before - 2) * 2), `bit ${bit}`)
    assert.notEqual(read.end.tail, 'clean', `bit ${bit}`)
    assert.match(read.end.detail, /left out/)
  }
})

test('a frame dropped, doubled or moved is noticed', () => {
  const parts = encode(SMALL, 2)
  const orders = [
    [0, 1, 3, 4],
    [0, 1, 2, 2, 3],
    [0, 1, 3, 2, 4],
  ]
  for (const order of orders) {
    const read = decode(join(order.map((index) => parts[index] ?? new Uint8Array())))
    assert.equal(read.end.tail, 'corrupt')
    assert(read.records.length <= 2, 'nothing after the place of the mistake is used')
  }
})

test('another format is told by what it is', () => {
  const bytes = join(encode([], 1))
  const other = bytes.slice()
  other[2] = 9
  assert.throws(() => decode(other), isProbeError('LOG_VERSION'))
  assert.throws(() => decode(new TextEncoder().encode('not a log at all, but text')), isProbeError('LOG_UNREADABLE'))
  const newer: Manifest = JSON.parse('{"schema":"plugpull.run/9"}')
  const foreign = new FrameEncoder().manifest(newer)
  assert.throws(() => decode(foreign), isProbeError('LOG_VERSION'))
})

test('a manifest whose plan makes no sense is refused, whatever is wrong with it', () => {
  const senseless: readonly object[] = [
    { seed: 'zz' },
    { alignSectors: 0 },
    { alignSectors: '8' },
    { region: { lba: 0, sectors: 2 ** 52 } },
    { region: { lba: 128, sectors: 256 } },
    { cadence: { kind: 'writes', every: 0 } },
    { workload: 'script', script: 'w 0+9999' },
    { workload: 'unheard of' },
  ]
  for (const part of senseless) {
    const broken = { ...MANIFEST, plan: { ...MANIFEST.plan, ...part } }
    assert.throws(
      () => decode(new FrameEncoder().manifest(broken)),
      isProbeError('LOG_UNREADABLE'),
      JSON.stringify(part),
    )
  }
})

test('a write that the plan does not have ends the intact prefix', () => {
  const plan = { ...MANIFEST.plan, workload: 'script', script: 'w 0+8', cadence: { kind: 'workload' } as const }
  const frames = new FrameEncoder()
  const head = frames.manifest({ ...MANIFEST, plan })
  const records = new RecordEncoder()
  records.add('window', 9, 0)
  for (const id of [1, 2]) records.add('issue', id, id)
  const read = decode(join([head, frames.frame('records', records.take())]))
  assert.equal(read.end.tail, 'corrupt')
  assert.deepEqual(
    read.records.map(({ kind, id }) => `${kind} ${id}`),
    ['window 9', 'issue 1'],
  )
})

/** A log with a frame of those bytes as its records. */
function withRecords(...bytes: readonly number[]): Decoded {
  const frames = new FrameEncoder()
  return decode(join([frames.manifest(MANIFEST), frames.frame('records', Uint8Array.from(bytes))]))
}

test('a window that goes too far ahead ends the intact prefix, however many come', () => {
  const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(value >> 7)])
  const fits = withRecords(0, 4, ...varint(WINDOW_AHEAD_MAX + 1))
  assert.deepEqual([fits.end.tail, fits.records.at(-1)?.id], ['clean', WINDOW_AHEAD_MAX + 1])
  const beyond = withRecords(0, 4, ...varint(WINDOW_AHEAD_MAX), 4, 1, 4, 1, 0)
  assert.equal(beyond.end.tail, 'corrupt')
  assert.deepEqual(
    beyond.records.map(({ kind, id }) => `${kind} ${id}`),
    ['issue 1', `window ${WINDOW_AHEAD_MAX}`, `window ${WINDOW_AHEAD_MAX + 1}`],
  )
})

test('more writes in flight than any agent has end the intact prefix', () => {
  const full = withRecords(...Array.from({ length: IN_FLIGHT_MAX }, () => 0), 1, 0, 0)
  assert.deepEqual([full.end.tail, full.records.length], ['clean', IN_FLIGHT_MAX + 2])
  const over = withRecords(...Array.from({ length: IN_FLIGHT_MAX + 1 }, () => 0), 1, 0)
  assert.deepEqual([over.end.tail, over.records.length], ['corrupt', IN_FLIGHT_MAX])
})

test('a time that is no number ends the intact prefix', () => {
  const far = withRecords(5, 5 | (31 << 3), ...Array.from({ length: 200 }, () => 0xff), 1)
  assert.deepEqual([far.end.tail, far.records.length], ['corrupt', 1])
})

test('a frame takes 1 MiB and no more', () => {
  const frames = new FrameEncoder()
  const parts = [frames.manifest(MANIFEST), frames.frame('baseline', new Uint8Array(FRAME_PAYLOAD_BYTES_MAX))]
  assert.equal(decode(join(parts), [70_000, 500_000]).baselines[0]?.length, FRAME_PAYLOAD_BYTES_MAX)
  assert.throws(() => frames.frame('baseline', new Uint8Array(FRAME_PAYLOAD_BYTES_MAX + 1)))
})

test('the encoder refuses what no agent can have done', () => {
  assert.throws(() => new RecordEncoder().add('issue', 2, 0))
  assert.throws(() => new RecordEncoder().add('complete', 1, 0))
  assert.throws(() => new RecordEncoder().add('flush-issue', 2, 0))
  const encoder = new RecordEncoder()
  encoder.add('window', 10, 0)
  assert.throws(() => encoder.add('window', 9, 0))
  assert.throws(() => encoder.add('window', WINDOW_AHEAD_MAX + 1, 0))
})

function isProbeError(...codes: string[]): (error: unknown) => boolean {
  return (error) => error instanceof ProbeError && codes.includes(error.code)
}
