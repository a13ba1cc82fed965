/**
 * Part of the conformance suite: what a store counts and lists agrees with what the runs say one by one, on runs at random:
 * lines, cells, facets, campaigns and totals against core/campaign's own arithmetic.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Store } from '../../src/collector/store/store.ts'
import { summarise, type VerifiedRun } from '../../src/core/campaign/campaign.ts'
import { type CellCounts, FACETS, factsOf, outcomeOf, ratesOf } from '../../src/core/campaign/facts.ts'
import { VERDICT_SCHEMA, type Verdict } from '../../src/core/verdict.ts'
import { runId, stubManifest, sampleVerdict, wholeManifest } from '../collector/helpers.ts'
import type { StoreUnderTest } from './store.ts'

type Check = (what: string, body: (under: StoreUnderTest) => Promise<void>) => void

const day = (n: number): string => `2026-01-${String(n + 1).padStart(2, '0')}T00:00:00.000Z`
const NOW = day(30)

const small = fc.nat({ max: 2 })
const hazards = fc.record({ lost: small, torn: small, reordered: small, corrupt: small })
const verdictOf = (run: string): fc.Arbitrary<Verdict> =>
  fc
    .record({
      verdict: fc.constantFrom('held', 'violation', 'inconclusive'),
      inconclusiveBecause: fc.constantFrom([], ['no write was stable when the cut came'], ['the log is damaged']),
      readInFull: fc.option(fc.boolean(), { nil: undefined }),
      violations: fc.tuple(hazards, small, small).map(([counts, phantom, collateral]) => ({
        ...counts,
        misdirected: 0,
        collateral,
        phantom,
        unreadable: 0,
      })),
      hazards,
      liedFlushes: small,
      exposure: fc.record({
        lostWrites: small,
        lostBytes: fc.nat({ max: 2 ** 40 }),
        oldestLostMs: fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }),
      }),
      ended: fc.boolean(),
    })
    .map(({ readInFull, ended, ...rest }) => ({
      ...sampleVerdict(run),
      schema: VERDICT_SCHEMA,
      ...rest,
      ...(readInFull === undefined ? {} : { readInFull }),
      log: { tail: 'clean', ended, lastRecordMs: 1 },
    }))

interface RandomRun {
  readonly labels: Record<string, string>
  readonly isWhole: boolean
  readonly day: number
  readonly steps: readonly ('cut' | 'survived' | 'verdict')[]
  readonly verdicts: readonly Verdict[]
}

const label = fc.constantFrom('', 'a', 'b', 'ü', 'x\u0000y', 'z'.repeat(400))
const randomRun = (run: string): fc.Arbitrary<RandomRun> =>
  fc.record({
    labels: fc.record(
      { rig: label, cache: label, image: label, cut: label, fault: label, control: fc.constantFrom('', 'yes', 'no') },
      { requiredKeys: ['cache'] },
    ),
    isWhole: fc.boolean(),
    day: fc.nat({ max: 3 }),
    steps: fc.array(fc.constantFrom('cut' as const, 'survived' as const, 'verdict' as const), { maxLength: 4 }),
    verdicts: fc.array(verdictOf(run), { minLength: 4, maxLength: 4 }),
  })

/** What a facet is in a filter and in a cell: short, and without NUL. */
const short = (text: string): string => text.replaceAll('\0', '').slice(0, 300)

export function agreement(check: Check): void {
  check(
    'property: lines, cells, facets, campaigns and totals agree with what the runs say one by one',
    async ({ store }) => {
      let next = 1
      const all: Made[] = []
      const property = fc.asyncProperty(
        fc
          .nat({ max: 6 })
          .chain((count) => fc.tuple(...Array.from({ length: count }, (_, i) => randomRun(runId(next + i))))),
        async (runs) => {
          const campaign = `p${next}`
          const made: Made[] = []
          for (const [index, one] of runs.entries()) made.push(await make(store, next + index, campaign, one))
          next += runs.length + 1
          all.push(...made)
          await agree(store, campaign, made)
        },
      )
      // What is made depends on the runs before it, so a failure is replayed whole rather than made smaller.
      await fc.assert(property, { numRuns: 20, endOnFailure: true })
      const facets = await store.facets()
      for (const facet of FACETS)
        assert.deepEqual(facets[facet], [...new Set(all.map(({ facts }) => short(facts[facet])))].toSorted(), facet)
      assert.equal((await store.totals()).runs, all.length)
    },
  )
}

interface Made {
  readonly run: string
  readonly createdAt: string
  readonly facts: ReturnType<typeof factsOf>
  readonly verified: VerifiedRun | undefined
}

async function make(store: Store, n: number, campaign: string, one: RandomRun): Promise<Made> {
  // Ids are the generator's; shrinking or not, the store takes each once.
  const run = runId(n)
  const manifest = one.isWhole ? wholeManifest(run, campaign, one.labels) : stubManifest(run, campaign, one.labels)
  const createdAt = day(one.day)
  assert.equal(await store.createRun({ run, campaign, createdAt, manifest }), 'created')
  let cut: { kind: string; at: string; died: boolean } | undefined
  let newest: Verdict | undefined
  for (const [index, step] of one.steps.entries()) {
    const verdict = one.verdicts[index]
    assert(verdict !== undefined)
    if (step === 'verdict') {
      newest = { ...verdict, run }
      await store.addVerdict(run, NOW, newest)
    } else {
      const record = { kind: step, at: NOW, died: step === 'cut' }
      const outcome = await store.recordCut(run, record, NOW)
      assert.equal(outcome, cut === undefined ? 'recorded' : cut.kind === step ? 'same' : 'different')
      cut ??= record
    }
  }
  return {
    run,
    createdAt,
    facts: factsOf(manifest, cut),
    verified: newest === undefined ? undefined : { ...newest, cut },
  }
}

async function agree(store: Store, campaign: string, made: readonly Made[]): Promise<void> {
  const lines = await store.lines({ campaign, limit: 100 })
  assert.deepEqual(
    lines.map(({ run }) => run),
    made
      .toSorted((a, b) => (a.createdAt === b.createdAt ? (a.run < b.run ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1))
      .map(({ run }) => run),
  )
  for (const line of lines) {
    const one = made.find(({ run }) => run === line.run)
    assert(one !== undefined)
    for (const facet of [...FACETS, 'target', 'flush'] as const)
      assert.equal(line[facet], short(one.facts[facet]), facet)
    assert.deepEqual(line.outcome, one.verified === undefined ? undefined : outcomeOf(one.verified, one.verified.cut))
  }
  const cells = await store.cells({ campaign })
  assert.equal(
    cells.reduce((sum, { runs }) => sum + runs, 0),
    made.length,
  )
  for (const cell of cells)
    agreeCell(
      cell,
      made.filter(({ facts }) => isOf(cell, facts)),
    )
  for (const facet of ['cache', 'image', 'cut', 'control'] as const) {
    for (const value of new Set(made.map(({ facts }) => short(facts[facet])))) {
      const filtered = await store.cells({ campaign, [facet]: value })
      assert.deepEqual(
        filtered,
        cells.filter((cell) => cell[facet] === value),
      )
    }
  }
  const spanned = await store.cells({ campaign, from: day(1), to: day(3) })
  const within = made.filter(({ createdAt }) => createdAt >= day(1) && createdAt < day(3))
  assert.equal(
    spanned.reduce((sum, { runs }) => sum + runs, 0),
    within.length,
  )
  await agreeCampaign(store, campaign, made)
}

const isOf = (cell: CellCounts, facts: Made['facts']): boolean =>
  (['rig', 'cache', 'image', 'cut', 'fault', 'control'] as const).every((facet) => cell[facet] === short(facts[facet]))

const verifiedOf = (made: readonly Made[]): VerifiedRun[] =>
  made.flatMap(({ verified }) => (verified === undefined ? [] : [verified]))

function agreeCell(cell: CellCounts, made: readonly Made[]): void {
  const expected = summarise(made.length, verifiedOf(made))
  assert.deepEqual(
    [cell.runs, cell.verified, cell.withoutCut, cell.violationWithoutCut, cell.held, cell.violation, cell.inconclusive],
    [
      expected.runs,
      expected.verified,
      expected.withoutCut?.runs ?? 0,
      expected.withoutCut?.violation ?? 0,
      expected.held,
      expected.violation,
      expected.inconclusive,
    ],
  )
  assert.deepEqual(ratesOf(cell), expected.rates)
  assert.equal(cell.lostBytes, expected.exposure.lostBytes)
  assert.equal(cell.oldestLostMs, expected.exposure.oldestLostMs)
  assert.equal(
    cell.lastAt,
    made
      .map(({ createdAt }) => createdAt)
      .toSorted()
      .at(-1),
  )
}

async function agreeCampaign(store: Store, campaign: string, made: readonly Made[]): Promise<void> {
  const records = await store.campaign(campaign)
  const counts = (await store.campaigns()).find((one) => one.campaign === campaign)
  if (made.length === 0) return assert.deepEqual([records, counts], [undefined, undefined])
  assert(records !== undefined && counts !== undefined)
  const expected = summarise(made.length, verifiedOf(made))
  assert.deepEqual(summarise(records.runs, records.verdicts), expected)
  assert.deepEqual(
    [counts.runs, counts.verified, counts.withoutCut, counts.held, counts.violation, counts.inconclusive],
    [
      expected.runs,
      expected.verified,
      expected.withoutCut?.runs ?? 0,
      expected.held,
      expected.violation,
      expected.inconclusive,
    ],
  )
}
