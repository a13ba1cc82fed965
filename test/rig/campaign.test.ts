import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Verdict, VerdictWord } from '../../src/core/verdict.ts'
import { VERDICT_SCHEMA } from '../../src/core/verdict.ts'
import { type ControlResult, type CycleResult, campaignExitStatus, campaignOf } from '../../src/rig/campaign.ts'
import { campaignText, cycleLine } from '../../src/rig/campaign-report.ts'
import { judgeTold } from '../support/history-language.ts'

const HEAD = { campaign: 'c', rig: 'r', image: 'raw', cache: 'none', cut: 'sigkill', seed: '0000000000000001' }

function verdictOf(word: VerdictWord, changes: Partial<Verdict> = {}): Verdict {
  return {
    schema: VERDICT_SCHEMA,
    run: '0000000000000000',
    verdict: word,
    inconclusiveBecause: [],
    contract: 'volatile',
    consistentWith: [],
    checked: {
      sectors: 0,
      stableSectors: 0,
      supersededSectors: 0,
      stableWrites: 0,
      completeWrites: 0,
      issuedWrites: 0,
      flushes: 0,
    },
    violations: {
      lost: 0,
      torn: 0,
      reordered: 0,
      misdirected: 0,
      collateral: 0,
      corrupt: 0,
      phantom: 0,
      unreadable: 0,
    },
    hazards: { lost: 0, torn: 0, reordered: 0, corrupt: 0 },
    liedFlushes: 0,
    exposure: { lostWrites: 0, lostBytes: 0, oldestLostMs: 0 },
    log: { tail: 'clean', ended: false, lastRecordMs: 0 },
    findings: [],
    findingsOmitted: 0,
    ...changes,
  }
}

const cycleOf = (word: VerdictWord, changes: Partial<CycleResult> = {}): CycleResult => ({
  cycle: 1,
  run: '0000000000000000',
  seed: '0000000000000001',
  cutAfterMs: 300,
  word,
  verdict: verdictOf(word),
  ...changes,
})

const control = (caught: boolean): ControlResult => ({
  rig: 'host-power',
  image: 'raw',
  cut: 'host-power',
  cache: 'unsafe',
  why: 'it lies',
  caught,
  cycles: [cycleOf(caught ? 'violation' : 'held')],
})

describe('a campaign', () => {
  it('takes the worst of its cycles', () => {
    const words: readonly (readonly [readonly VerdictWord[], VerdictWord, number])[] = [
      [['held', 'held'], 'held', 0],
      [['held', 'inconclusive'], 'inconclusive', 11],
      [['inconclusive', 'violation', 'held'], 'violation', 10],
      [[], 'inconclusive', 11],
    ]
    for (const [cycles, verdict, status] of words) {
      const result = campaignOf(
        HEAD,
        cycles.map((word) => cycleOf(word)),
      )
      assert.equal(result.verdict, verdict)
      assert.equal(campaignExitStatus(result), status)
    }
  })

  it('is inconclusive where its liar was not caught, and says so', () => {
    const result = campaignOf(HEAD, [cycleOf('held')], control(false))
    assert.equal(result.verdict, 'inconclusive')
    assert.match(result.inconclusiveBecause.join(), /positive control was not caught/)
    assert.match(campaignText(result), /POSITIVE CONTROL NOT CAUGHT/)
    assert.equal(campaignOf(HEAD, [cycleOf('held')], control(true)).verdict, 'held')
    assert.equal(campaignOf(HEAD, [cycleOf('violation')], control(false)).verdict, 'violation')
  })

  it('counts only verdicts that may be relied on', () => {
    const broken = cycleOf('inconclusive', { verdict: verdictOf('violation'), problem: 'the cut killed nothing' })
    const { summary } = campaignOf(HEAD, [cycleOf('held'), cycleOf('violation'), broken])
    assert.deepEqual(
      [summary.cycles, summary.verified, summary.held, summary.violation, summary.inconclusive],
      [3, 2, 1, 1, 1],
    )
    assert.deepEqual([summary.rates.violation.count, summary.rates.violation.of], [1, 2])
    assert.ok(summary.rates.violation.low > 0 && summary.rates.violation.high < 1)
    assert.equal(summary.rates.inconclusive.of, 3)
  })

  it('says what its figures support, of the cycles that may be relied on, as they were set up', () => {
    const setup = { queueDepth: '1' }
    const cycles = [cycleOf('held', { setup }), cycleOf('held', { setup })]
    const other = cycleOf('inconclusive', { setup: { queueDepth: '8' }, problem: 'the cut killed nothing' })
    const result = campaignOf(HEAD, [...cycles, other])
    assert.deepEqual(
      result.evidence.advice.map(({ code }) => code),
      ['one-at-a-time', 'few-cuts'],
    )
    const text = campaignText(result)
    assert.match(text, /for 0 of n and n of n the exact one-sided bound\n {4}violation {3}0 of 2: below 77\.6 %\n/)
    assert.match(
      text,
      /\n {2}contract {6}held in 2 cuts: a violation rate above 77\.6 % is excluded at 95 % confidence\n/,
    )
    assert.match(text, /\n {2}not shown {5}one write was in flight at a time/)
  })

  it('names the fault that was asked for', () => {
    const cycles = [cycleOf('violation')]
    const heading = (fault?: string): string =>
      campaignText(campaignOf({ ...HEAD, ...(fault === undefined ? {} : { fault }) }, cycles)).split('\n')[1] ?? ''
    assert.equal(heading(), 'VIOLATION: campaign c (r, raw, cache=none, sigkill)')
    assert.equal(heading('drop-flush'), 'VIOLATION: campaign c (r, raw, cache=none, sigkill, fault drop-flush)')
  })

  it('says what is lost or torn, not what was at risk', () => {
    const exposure = { lostWrites: 3, lostBytes: 4096, oldestLostMs: 400 }
    const text = campaignText(
      campaignOf(HEAD, [cycleOf('violation', { verdict: verdictOf('violation', { exposure }) })]),
    )
    assert.match(
      text,
      /\n {2}lost or torn {2}3 completed writes, forbidden and permitted together \(4 KiB missing\), the oldest 400 ms before the cut\n/,
    )
  })

  it('says how to go on: the worst run with findings, where its runs are kept', () => {
    const { findings } = judgeTold('w1@0+1 F CUT .')
    const of = (word: VerdictWord, run: string): CycleResult =>
      cycleOf(word, { run, verdict: verdictOf(word, { findings }) })
    const last = (cycles: readonly CycleResult[], readBy?: string): string | undefined =>
      campaignText(campaignOf(HEAD, cycles), readBy === undefined ? {} : { readBy })
        .split('\n')
        .at(-1)
    const store = '--store sqlite:lab.db'
    const both = [cycleOf('held'), of('held', 'permitted'), of('violation', 'forbidden')]
    assert.equal(last(both, store), '  go on with: plugpull explain forbidden --store sqlite:lab.db')
    assert.equal(last(both.slice(0, 2), store), '  go on with: plugpull explain permitted --store sqlite:lab.db')
    assert.equal(last([cycleOf('held')], store), '  go on with: plugpull report --campaign c --store sqlite:lab.db')
    assert.match(last(both) ?? '', /nothing is kept .*; --store sqlite:lab\.db keeps them/)
  })

  it('says where to look at it, as long as the collector is there', () => {
    const { findings } = judgeTold('w1@0+1 F CUT .')
    const lost = cycleOf('violation', { run: 'r2', verdict: verdictOf('violation', { findings }) })
    const url = 'http://127.0.0.1:7117'
    const text = (cycles: readonly CycleResult[], ending: { readonly url?: string }): string =>
      campaignText(campaignOf({ ...HEAD, campaign: 'lab/a b' }, cycles), ending)
    assert.match(text([cycleOf('held'), lost], { url }), /\n {2}look at \S+\/campaigns\/lab%2Fa%20b and \S+\/runs\/r2$/)
    assert.match(text([cycleOf('held')], { url }), /\n {2}look at \S+\/campaigns\/lab%2Fa%20b$/)
    assert.doesNotMatch(text([lost], {}), /look at/)
  })

  it('says after how many cycles it was stopped', () => {
    const result = campaignOf(HEAD, [cycleOf('held'), cycleOf('held')])
    assert.match(campaignText(result, { stoppedOf: 30 }), /\n {2}stopped after 2 of 30 cycles: /)
    assert.doesNotMatch(campaignText(result), /stopped/)
  })

  it('tells a cycle in a line', () => {
    const verdict = verdictOf('violation', {
      violations: {
        lost: 40,
        torn: 0,
        reordered: 0,
        misdirected: 0,
        collateral: 0,
        corrupt: 0,
        phantom: 0,
        unreadable: 0,
      },
      hazards: { lost: 3, torn: 1, reordered: 0, corrupt: 0 },
      liedFlushes: 1,
      exposure: { lostWrites: 43, lostBytes: 4096, oldestLostMs: 400 },
    })
    const line = cycleLine(cycleOf('violation', { verdict, cycle: 3 }), 20)
    assert.match(
      line,
      /^ 3\/20 {2}violation .*forbidden: lost 40, 1 flush was a lie; permitted: lost 3, torn 1 \(4 KiB of completed writes missing, oldest 400 ms\)/,
    )
    assert.match(cycleLine(cycleOf('held'), 1), /nothing lost, torn or reordered/)
    assert.match(cycleLine(cycleOf('inconclusive', { problem: 'the agent ended' }), 1), /the agent ended/)
  })
})
