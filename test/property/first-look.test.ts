/**
 * The whole way of a verification without threads (pieces read, first look, the rest, judge) against the same contents told
 * sector by sector: the same of every sector, and the same verdict, JSON for JSON.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Confirmer } from '../../src/core/confirm.ts'
import type { Content } from '../../src/core/finding.ts'
import { Judge } from '../../src/core/judge.ts'
import { Observations, SEEN_OF } from '../../src/core/observations.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { RangeReader } from '../../src/verify/reading/range-reader.ts'
import { SlotReader, longestRange, slotMemory, slotOver } from '../../src/verify/reading/slot.ts'
import { type Case, cases } from '../support/first-look/case.ts'
import { CaseDisk } from '../support/first-look/disk.ts'
import { contentOf } from '../support/first-look/reference.ts'

const RUNS = 120
const SEED = 0x5eed
const SIGNAL = new AbortController().signal
/** What the slot says before anything was read: write 1, everywhere. */
const STALE = 1

interface Told {
  readonly contents: readonly Content[]
  readonly verdict: Verdict
}

const judgeOf = ({ history }: CaseDisk, { contract }: Case): Judge =>
  new Judge(history, { name: contract }, { findingsMax: 10_000 })

/** As the verifier does it, in a slot that still says of every sector that write 1 stands there. */
async function verified(disk: CaseDisk, one: Case): Promise<Told> {
  const judge = judgeOf(disk, one)
  const sectorsMax = longestRange(one.region.sectors)
  const slot = slotOver(slotMemory(sectorsMax, false))
  const reader = new RangeReader(disk.device, { unitSectors: one.unitSectors, signal: SIGNAL })
  const slotReader = new SlotReader(reader, new Confirmer(disk.manifest, disk.plan), sectorsMax)
  const seen = new Observations(sectorsMax, slot.columns)
  const contents: Content[] = []
  seen.seen.fill(STALE)
  seen.write.fill(STALE)
  for (const range of judge.ranges()) {
    const errors = await slotReader.read(range, slot)
    judge.rangeConfirmed(range.lba, range.sectors, slot.buffer, errors, seen)
    for (let i = 0; i < range.sectors; i++) {
      const content = seen.contentOf(i)
      assert.equal(seen.seen[i], SEEN_OF[content.kind], `the code of sector ${range.lba + i}`)
      if (content.kind !== 'phantom')
        assert.equal(seen.write[i], writeOf(content), `the write of sector ${range.lba + i}`)
      contents.push(content)
    }
  }
  return { contents, verdict: judge.finish() }
}

/** What the judge is told besides the code. Of a phantom it does not look at that. */
function writeOf(content: Content): number {
  if (content.kind === 'version') return content.write
  return content.kind === 'mix' ? Math.max(0, content.head, content.tail) : 0
}

/** The same told sector by sector. */
function reference(disk: CaseDisk, one: Case): Told {
  const judge = judgeOf(disk, one)
  const contents: Content[] = []
  let beyond = 0
  for (const { lba, sectors } of judge.ranges()) {
    const seen = new Observations(sectors)
    for (let i = 0; i < sectors; i++) {
      const content = contentAt(lba + i)
      contents.push(content)
      seen.seen[i] = SEEN_OF[content.kind]
      seen.write[i] = writeOf(content)
      if (content.kind !== 'version' && content.kind !== 'baseline' && content.kind !== 'zeros')
        seen.odd.set(i, content)
      if ((content.kind === 'version' || content.kind === 'phantom') && isBeyond(content)) beyond++
    }
    judge.rangeSeen(lba, sectors, seen)
  }
  return { contents, verdict: withBeyond(judge.finish(), beyond) }

  function contentAt(address: number): Content {
    const errno = disk.errnoOf(address)
    if (errno !== undefined) return { kind: 'unreadable', errno }
    return contentOf(disk, address - one.region.lba)
  }
  function isBeyond(content: Extract<Content, { kind: 'version' | 'phantom' }>): boolean {
    if (content.kind === 'phantom' && content.why === 'not-in-plan') return false
    return content.write > disk.history.possibleMax
  }
}

/** The verdict where writes stand on the disk that the log does not announce, of which a judge that is told contents does not know. */
function withBeyond(verdict: Verdict, sectors: number): Verdict {
  if (sectors === 0) return verdict
  if (verdict.verdict === 'violation') return { ...verdict, readInFull: false }
  const because = `${sectors} sectors hold writes that the log does not announce: its tail is missing, or somebody still writes`
  return {
    ...verdict,
    verdict: 'inconclusive',
    inconclusiveBecause: [because, ...verdict.inconclusiveBecause],
    readInFull: false,
  }
}

test('the first look and what follows it say what every sector says by itself', async () => {
  const reached = new Set<string>()
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      const disk = new CaseDisk(one)
      const expected = reference(disk, one)
      const found = await verified(disk, one)
      for (const [i, content] of expected.contents.entries()) {
        reached.add(content.kind)
        assert.deepEqual(found.contents[i], content, `sector ${i} of the region`)
      }
      assert.equal(JSON.stringify(found.verdict), JSON.stringify(expected.verdict))
      reached.add(found.verdict.verdict)
    }),
    { numRuns: RUNS, seed: SEED },
  )
  const all = [...Object.keys(SEEN_OF), 'held', 'violation', 'inconclusive']
  assert.deepEqual(
    all.filter((what) => !reached.has(what)),
    [],
    'what no run reached',
  )
})
