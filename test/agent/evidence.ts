/**
 * What every run's log and target must satisfy, whatever the options: the tests of the agent end here. It reads the log
 * with the decoder and knows nothing of the engine.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { BaselineDigests, digestSectors } from '../../src/core/baseline.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import { Plan } from '../../src/core/plan.ts'
import { keyOf } from '../../src/core/prng.ts'
import type { LogRecord } from '../../src/core/record.ts'
import { SectorBuffer, Stamper, peekWrite } from '../../src/core/stamp.ts'
import { type LogEnd, LogDecoder } from '../../src/core/wire.ts'

export interface Evidence {
  readonly manifest: Manifest
  readonly baseline: BaselineDigests
  readonly records: readonly LogRecord[]
  readonly end: LogEnd
}

/** Decodes a log, whole. */
export function decodeLog(bytes: Uint8Array): Evidence {
  let manifest: Manifest | undefined
  const baseline = new BaselineDigests()
  const records: LogRecord[] = []
  const decoder = new LogDecoder({
    manifest: (read) => (manifest = read),
    baseline: (payload) => assert(baseline.add(payload), 'baseline payloads follow each other'),
    record: (kind, id, timeUs, errno) => records.push({ kind, id, timeUs, errno }),
  })
  decoder.push(bytes)
  const end = decoder.end()
  assert(manifest !== undefined)
  return { manifest, baseline, records, end }
}

export const readLog = (path: string): Evidence => decodeLog(readFileSync(path))

/** The rules that hold for any prefix of any run. */
export function checkRecords({ manifest, records }: Evidence): void {
  const plan = Plan.of(manifest.plan)
  const inFlight = new Set<number>()
  let issued = 0
  let flush = 0
  let flushInFlight = false
  let window = 0
  let lastUs = 0
  let ended = false
  for (const { kind, id, timeUs } of records) {
    assert(timeUs >= lastUs, `time goes forward at ${kind} ${id}`)
    lastUs = timeUs
    assert(!ended || kind === 'tick', `nothing but time after the end, not ${kind} ${id}`)
    switch (kind) {
      case 'issue': {
        assert.equal(id, issued + 1, 'issued in the order of their numbers')
        assert(id <= window, `write ${id} was issued beyond the window ${window}`)
        if (!manifest.overlapInFlight) assertApart(plan, id, inFlight)
        if (manifest.flushMode === 'barrier')
          assert(!flushInFlight, `write ${id} was issued while a barrier flush was in flight`)
        issued = id
        inFlight.add(id)
        assert(inFlight.size <= manifest.queueDepth, 'no more in flight than the queue takes')
        break
      }
      case 'complete':
      case 'failed':
        assert(inFlight.delete(id), `${kind} ${id} has an issue before it`)
        break
      case 'flush-issue':
        assert.equal(id, flush + 1)
        assert(!flushInFlight, 'one flush at a time')
        if (manifest.flushMode === 'barrier')
          assert.equal(inFlight.size, 0, `flush ${id} is a barrier, and writes are in flight`)
        flush = id
        flushInFlight = true
        break
      case 'flush-complete':
      case 'flush-failed':
        assert(flushInFlight && id === flush, `${kind} ${id} has an issue before it`)
        flushInFlight = false
        break
      case 'window':
        assert(id > window, 'a window widens')
        window = id
        break
      case 'tick':
        break
      case 'end':
        assert.equal(inFlight.size, 0, 'nothing is in flight at the end')
        assert(!flushInFlight, 'no flush is in flight at the end')
        ended = true
        break
    }
  }
}

function assertApart(plan: Plan, id: number, inFlight: ReadonlySet<number>): void {
  const mine = plan.write(id)
  for (const other of inFlight) {
    const theirs = plan.write(other)
    const apart = mine.lba >= theirs.lba + theirs.sectors || theirs.lba >= mine.lba + mine.sectors
    assert(apart, `write ${id} overlaps write ${other}, which is in flight`)
  }
}

export const countOf = ({ records }: Evidence, kind: LogRecord['kind']): number =>
  records.filter((record) => record.kind === kind).length

/** After a clean run: every sector of the region is the newest write covering it, or what the baseline says. */
export function checkContents(evidence: Evidence, target: string): void {
  const { manifest, baseline } = evidence
  const { lba, sectors } = manifest.plan.region
  const plan = Plan.of(manifest.plan)
  const stamper = new Stamper(keyOf(manifest.run), keyOf(manifest.device))
  const newest = new Uint32Array(sectors)
  const issued = countOf(evidence, 'issue')
  for (let write = 1; write <= issued; write++) {
    const planned = plan.write(write)
    newest.fill(write, planned.lba - lba, planned.lba - lba + planned.sectors)
  }
  const file = readFileSync(target)
  const device = new SectorBuffer(new Uint8Array(file).buffer, 0, file.length - (file.length % 512))
  const expected = SectorBuffer.ofSectors(1)
  const lo = new Uint32Array(sectors)
  const hi = new Uint32Array(sectors)
  baseline.read(lba, sectors, lo, hi)
  for (let i = 0; i < sectors; i++) {
    const write = newest[i] ?? 0
    const found = device.sector(lba + i)
    if (write === 0 && manifest.baseline === 'scan') {
      const digest = [new Uint32Array(1), new Uint32Array(1)] as const
      digestSectors(new Uint32Array(found.slice().buffer), 1, ...digest)
      assert.deepEqual([digest[0][0], digest[1][0]], [lo[i], hi[i]], `sector ${lba + i} is as it was`)
      continue
    }
    const planned = write === 0 ? { lba, sectors } : plan.write(write)
    const epoch = write === 0 ? 0 : plan.epochOf(write)
    stamper.fill(expected, 0, { write, lba: planned.lba, count: planned.sectors, epoch }, lba + i - planned.lba, 1)
    if (Buffer.compare(found, expected.bytes) !== 0) assert.fail(`sector ${lba + i} is not that of write ${write}`)
  }
}

/** Top of the last window that is announced. */
export const windowOf = ({ records }: Pick<Evidence, 'records'>): number =>
  records.reduce((top, { kind, id }) => (kind === 'window' ? Math.max(top, id) : top), 0)

/** The highest write of the run whose stamp is anywhere in the region; 0 where there is none. */
export function newestOnTarget({ plan, run }: Manifest, target: string): number {
  const { lba, sectors } = plan.region
  const { words } = new SectorBuffer(new Uint8Array(readFileSync(target)).buffer)
  let newest = 0
  for (let i = lba; i < lba + sectors; i++) newest = Math.max(newest, peekWrite(words, i, keyOf(run), i))
  return newest
}

/** Whatever was cut off: no write is on the target that a window in the log did not announce. */
export function checkAnnounced(evidence: Evidence, target: string): void {
  const newest = newestOnTarget(evidence.manifest, target)
  assert(newest > 0, 'the target holds writes of the run')
  assert(
    newest <= windowOf(evidence),
    `write ${newest} is on the target, but the log announces none above ${windowOf(evidence)}`,
  )
}
