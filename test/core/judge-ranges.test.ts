/** What the judge carries from one range of the region to the next, and what it notes about whose target this is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseContract } from '../../src/core/contract.ts'
import { HistoryBuilder } from '../../src/core/history.ts'
import { Judge } from '../../src/core/judge.ts'
import { Observations, RANGE_SECTORS, SEEN } from '../../src/core/observations.ts'
import { manifestOf } from '../../trust/exhaustive/judged.ts'

const SECTORS = RANGE_SECTORS + 8
/** A key that begins with a time, as the agent's do. */
const RUN = '6b000000000000aa'
const SKELETON = { writes: 0, events: [], fua: 0 } as const

/** One flushed write of eight sectors across the border of two ranges. */
function judgeOf(): Judge {
  const manifest = manifestOf({ skeleton: SKELETON, extents: [] })
  const builder = new HistoryBuilder()
  const region = { lba: 0, sectors: SECTORS }
  const plan = { ...manifest.plan, region, script: `w ${RANGE_SECTORS - 4}+8` }
  builder.manifest({ ...manifest, run: RUN, plan, target: { ...manifest.target, sizeSectors: SECTORS } })
  builder.record('window', 1, 0)
  builder.record('issue', 1, 1000)
  builder.record('complete', 1, 2000)
  builder.record('flush-issue', 1, 3000)
  builder.record('flush-complete', 1, 4000)
  const history = builder.finish({ tail: 'clean', bytesUsed: 0, bytesTotal: 0, detail: '' })
  return new Judge(history, parseContract('volatile'), { findingsMax: 10 })
}

const baseline = (): Observations => {
  const seen = new Observations()
  seen.seen.fill(SEEN.baseline)
  return seen
}

describe('a write across the border of two ranges', () => {
  test('is torn where one half is there', () => {
    const judge = judgeOf()
    const first = baseline()
    first.seen.fill(SEEN.version, RANGE_SECTORS - 4)
    first.write.fill(1, RANGE_SECTORS - 4)
    judge.rangeSeen(0, RANGE_SECTORS, first)
    judge.rangeSeen(RANGE_SECTORS, 8, baseline())
    const [finding] = judge.finish().findings
    assert.equal(finding?.kind, 'torn')
    assert.deepEqual(finding.missingSectors, [4, 5, 6, 7])
    assert.deepEqual(finding.boundaries, [2048])
  })
  test('is lost where neither is', () => {
    const judge = judgeOf()
    judge.rangeSeen(0, RANGE_SECTORS, baseline())
    judge.rangeSeen(RANGE_SECTORS, 8, baseline())
    assert.deepEqual(
      judge.finish().findings.map(({ kind, write }) => `${kind} w${write}`),
      ['lost w1'],
    )
  })
})

test('a region of which a part was not read is not acquitted', () => {
  const judge = judgeOf()
  const first = baseline()
  first.seen.fill(SEEN.version, RANGE_SECTORS - 4)
  first.write.fill(1, RANGE_SECTORS - 4)
  judge.rangeSeen(0, RANGE_SECTORS, first)
  const { verdict, inconclusiveBecause, readInFull } = judge.finish()
  assert.deepEqual(
    [verdict, inconclusiveBecause, readInFull],
    ['inconclusive', ['8 sectors of the region were not read'], false],
  )
})

describe('wal: a commit record vouches for the write before it', () => {
  /** Write 1 is data at sector 1 (of 16), write 2 its commit record at sector 0; both issued, neither flushed. */
  const reordered = (present: readonly number[]): readonly string[] => {
    const manifest = manifestOf({ skeleton: SKELETON, extents: [] })
    const { script: _script, ...rest } = manifest.plan
    const region = { lba: 0, sectors: 2 }
    const plan = { ...rest, workload: 'wal', region, writeSectors: { least: 1, most: 1 } }
    const builder = new HistoryBuilder()
    builder.manifest({ ...manifest, plan, target: { ...manifest.target, sizeSectors: 2 } })
    builder.record('window', 2, 0)
    for (const write of [1, 2]) {
      builder.record('issue', write, write * 2000)
      builder.record('complete', write, write * 2000 + 1000)
    }
    const history = builder.finish({ tail: 'clean', bytesUsed: 0, bytesTotal: 0, detail: '' })
    const judge = new Judge(history, parseContract('volatile'), { findingsMax: 10 })
    const seen = new Observations(2)
    seen.seen.fill(SEEN.baseline)
    for (const write of present) {
      seen.seen[history.plan.write(write).lba] = SEEN.version
      seen.write[history.plan.write(write).lba] = write
    }
    judge.rangeSeen(0, 2, seen)
    return judge
      .finish()
      .findings.flatMap(({ kind, rule, write }) => (rule === undefined ? [] : [`${kind} w${write} ${rule}`]))
  }
  test('and is a finding where it is there alone', () =>
    assert.deepEqual(reordered([2]), ['reordered w1 commit-without-data']))
  test('and is none where neither is there', () => assert.deepEqual(reordered([]), []))
})

test('a run that began later is told from one that began before, by its key', () => {
  for (const [run, laterRun] of [
    ['6a000000000000bb', undefined],
    ['6c000000000000bb', '6c000000000000bb'],
  ] as const) {
    const judge = judgeOf()
    const seen = baseline()
    seen.seen[0] = SEEN.olderRun
    seen.odd.set(0, { kind: 'older-run', run, write: 7 })
    judge.rangeSeen(0, RANGE_SECTORS, seen)
    assert.equal(judge.evidence.laterRun, laterRun)
  }
})
