/** What a campaign's figures support: from cuts of one line each to the sentence that a person reads. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ADVICE_CODES, type Advice } from '../../../src/core/campaign/advice.ts'
import { type CampaignSummary, type VerdictSummary, summarise } from '../../../src/core/campaign/campaign.ts'
import { evidenceLines } from '../../../src/core/campaign/evidence-text.ts'
import { type CampaignEvidence, type EvidenceTopic, evidenceOf } from '../../../src/core/campaign/evidence.ts'
import type { CampaignSetup } from '../../../src/core/campaign/setup.ts'
import { type ToldOptions, judgeTold } from '../../support/history-language.ts'

const HELD = 'w1@0+1 F CUT 1'
const VIOLATED = 'w1@0+1 F CUT .'
const UNCLEAR = 'w1@0+1 CUT 1'

const times = (count: number, line: string): readonly string[] => Array.from({ length: count }, () => line)

const campaign = (lines: readonly string[], options: ToldOptions = {}): CampaignSummary =>
  summarise(
    lines.length,
    lines.map((line) => judgeTold(line, options)),
  )

const sentence = (evidence: CampaignEvidence, topic: EvidenceTopic): string | undefined =>
  evidence.sentences.find(({ about }) => about === topic)?.text

const says = (topic: EvidenceTopic, lines: readonly string[], setup: CampaignSetup = {}): string | undefined =>
  sentence(evidenceOf(campaign(lines), setup), topic)

/** A verdict as a version without measures left it. */
function withoutMeasures(measured: VerdictSummary): VerdictSummary {
  const { measures: _, ...verdict } = measured
  return verdict
}

describe('violation', () => {
  test('held in n cuts excludes a rate, and inconclusive cuts exclude nothing', () => {
    const held = 'held in 40 cuts: a violation rate above 7.2 % is excluded at 95 % confidence'
    assert.equal(says('violation', times(40, HELD)), held)
    assert.equal(says('violation', [...times(40, HELD), ...times(9, UNCLEAR)]), held)
    assert.equal(
      says('violation', times(1, HELD)),
      'held in 1 cut: a violation rate above 95.0 % is excluded at 95 % confidence',
    )
    assert.equal(
      says('violation', times(3, UNCLEAR)),
      'no cut could acquit or convict, so no violation rate is excluded',
    )
    assert.equal(evidenceOf(campaign(times(3, UNCLEAR))).violationRateExcludedAbove, undefined)
  })

  test('where it was violated, the interval', () => {
    const lines = [...times(3, VIOLATED), ...times(17, HELD)]
    assert.equal(
      says('violation', lines),
      'violated in 3 of 20 cuts: the violation rate lies between 5.2 % and 36.0 % at 95 % confidence',
    )
    assert.equal(evidenceOf(campaign(lines)).violationRateExcludedAbove, undefined)
  })
})

describe('power', () => {
  test('what was checked and what was at risk', () => {
    const lines = ['w1@0+2 F w2@1+1 i3@2+1 CUT 12.', 'w1@0+2 F CUT 11.']
    assert.equal(
      says('power', lines),
      '4 stable sectors, 25.0 % of them superseded; at risk complete writes in 1 and a write in flight in 1 of 2 cuts',
    )
  })

  test('under write-through no complete write is at risk, and none is spoken of', () => {
    const summary = campaign(['w1@0+1 CUT 1'], { contract: 'write-through' })
    assert.equal(
      sentence(evidenceOf(summary), 'power'),
      '1 stable sector, none of them superseded; at risk a write in flight in 0 of 1 cut',
    )
  })

  test('verdicts of an earlier version are read, and said to be left out', () => {
    const old = withoutMeasures(judgeTold(HELD))
    const none = evidenceOf(summarise(2, [old, old]))
    assert.deepEqual(
      none.sentences.map(({ about }) => about),
      ['violation'],
    )
    const mixed = evidenceOf(summarise(2, [old, judgeTold(HELD)]))
    assert.match(sentence(mixed, 'power') ?? '', /^1 stable sector, .*; 1 verdict of an earlier version left out$/)
    assert.match(sentence(mixed, 'violation') ?? '', /^held in 2 cuts/)
  })
})

describe('atomicity', () => {
  const stories: readonly (readonly [string, readonly string[], string | undefined])[] = [
    [
      'the largest unit within which nothing tore, with its bound',
      [...times(9, 'w1@0+2 CUT 11'), 'w1@0+2 CUT ..'],
      'nothing inside an aligned 1 KiB tore (10 such writes at risk, in 10 cuts: 9 kept, 1 lost whole; tears in more than 25.9 % of such cuts are excluded)',
    ],
    [
      'and what tears beyond it',
      ['w1@0+2 w2@3+2 CUT 11.2.', 'w1@0+2 w2@3+2 CUT ...22'],
      'nothing inside an aligned 1 KiB tore (2 such writes at risk, in 2 cuts: 1 kept, 1 lost whole; too few cuts to exclude a share of them that tear); of 2 writes that reach across, inside an aligned 4 KiB, at risk or found torn, 1 tore',
    ],
    [
      'a small write across a boundary is no evidence for the large unit that holds it',
      ['w1@3+2 w2@0+2 CUT 22.11'],
      'nothing inside an aligned 1 KiB tore (1 such write at risk, in 1 cut: all kept, and a cut that takes nothing away tears nothing; too few cuts to exclude a share of them that tear)',
    ],
    [
      'where the smallest tears',
      ['w1@0+2 CUT 1.'],
      'none: of 1 write inside an aligned 1 KiB, at risk or found torn, 1 tore; nothing smaller was there to tell',
    ],
    ['where no tear could be seen', [HELD], undefined],
  ]
  for (const [name, lines, expected] of stories) test(name, () => assert.equal(says('atomicity', lines), expected))

  test('a sector that tears', () => {
    const summary = campaign(['w1@0+1 CUT m01'], { baseline: 'format' })
    assert.equal(
      sentence(evidenceOf(summary), 'atomicity'),
      'none: of 1 write of a single sector, at risk or found torn, 1 tore',
    )
  })

  test('cuts are counted, not their writes; a log with a gap excludes nothing', () => {
    const { measures } = campaign(['w1@0+2 w2@2+2 CUT 1122', 'w1@0+2 CUT 1.'])
    assert.deepEqual(measures?.atomicity['1024'], {
      exposed: 3,
      filling: 3,
      whole: 2,
      torn: 1,
      cuts: 2,
      fillingCuts: 2,
      tornCuts: 1,
    })
    const gap = campaign(['w1@0+2 CUT 11', 'w1@0+2 CUT 1.'], { logTail: 'corrupt' })
    assert.deepEqual([gap.measures?.atomicity['1024']?.cuts, gap.measures?.atomicity['1024']?.torn], [1, 1])
  })
})

describe('tears, ages, reordering', () => {
  const TORN = ['w1@0+2 w2@8+16 CUT 1.......22222222........']

  test('what boundaries align to, and what that is in the image', () => {
    assert.equal(
      says('tears', TORN),
      '2 writes (1 of up to 1 KiB, 1 of up to 8 KiB); boundaries: 1 aligned to 512 B, 1 aligned to 8 KiB',
    )
    const one = ['w1@8+16 CUT ........11111111........']
    const image = (name: string, clusterSize: string): CampaignSetup => ({
      image: { [name]: 1 },
      clusterSize: { [clusterSize]: 1 },
    })
    const plain = '1 write of up to 8 KiB; boundaries: 1 aligned to 8 KiB'
    assert.equal(says('tears', one), plain)
    assert.equal(says('tears', one, image('raw', '8 KiB')), plain)
    assert.equal(says('tears', one, image('qcow2', '64 KiB')), plain)
    assert.equal(says('tears', one, image('qcow2', '8 KiB')), `${plain}, all of them between clusters of 8 KiB`)
    assert.equal(
      says('tears', one, image('qcow2-overlay-extl2', '128 KiB')),
      `${plain}, all of them between subclusters of 4 KiB (32 a cluster)`,
    )
  })

  test('where later writes cover the boundary', () => {
    assert.equal(
      says('tears', ['w1@0+3 w2@1+1 CUT 12.']),
      '1 write of up to 2 KiB; 1 torn where later writes cover the boundary',
    )
  })

  test('how old the lost were', () => {
    const lost = 'w1@0+1 w2@1+1 w3@2+1 i4@3+1 CUT ....'
    assert.equal(
      says('ages', [lost]),
      'of 3 complete writes lost or torn half were at most 5.0 ms old and 95 % at most 5.0 ms, as the bounds of their classes (1, 2, 5, 10 … ms) tell; the oldest was 5.0 ms',
    )
    assert.equal(says('ages', ['w1@0+1 i2@1+1 CUT ..']), 'the complete write that was lost or torn was 1.0 ms old')
    assert.equal(says('ages', [HELD]), undefined)
  })

  test('how far survivors were ahead', () => {
    assert.equal(
      says('reordering', ['w1@0+1 w2@1+1 w3@2+1 CUT ..3']),
      '2 writes are missing behind a later one that survived: half by at most 2 writes and 2.0 ms, the furthest 2 writes, 3.0 ms',
    )
    assert.equal(says('reordering', [HELD]), undefined)
  })
})

const codes = (lines: readonly string[], setup: CampaignSetup = {}, options: ToldOptions = {}): readonly string[] =>
  evidenceOf(campaign(lines, options), setup).advice.map(({ code }) => code)

/** A campaign in which everything could have shown. */
const GOOD = times(29, 'w1@0+2 F w2@2+2 i3@4+2 CUT 1122..')

const setupOf = (facets: Readonly<Record<string, string>>): CampaignSetup =>
  Object.fromEntries(Object.entries(facets).map(([facet, value]) => [facet, { [value]: 29 }]))

describe('advice', () => {
  test('none where everything could have shown, or nothing is known', () => {
    assert.deepEqual(codes(GOOD), [])
    assert.deepEqual(
      codes(GOOD, setupOf({ rig: 'host-power', image: 'qcow2', cut: 'host-power', queueDepth: '4' })),
      [],
    )
    const old = withoutMeasures(judgeTold(HELD))
    assert.deepEqual(
      evidenceOf(
        summarise(
          29,
          times(29, HELD).map(() => old),
        ),
      ).advice,
      [],
    )
  })

  /** What is advised, and the campaign that is one step from it and is not. */
  const cases: readonly {
    readonly code: Advice['code']
    readonly lines?: readonly string[]
    readonly setup?: Readonly<Record<string, string>>
    readonly options?: ToldOptions
    readonly not?: {
      readonly lines?: readonly string[]
      readonly setup?: Readonly<Record<string, string>>
      readonly options?: ToldOptions
    }
  }[] = [
    { code: 'nothing-promised', lines: times(29, 'w1@0+2 i2@2+2 CUT 11..') },
    {
      code: 'mostly-superseded',
      lines: times(29, 'w1@0+2 F w2@0+2 i3@2+2 CUT 22..'),
      not: { lines: times(29, 'w1@0+4 F w2@0+2 i3@2+2 CUT 2211') },
    },
    {
      code: 'nothing-at-risk',
      lines: times(29, 'w1@0+2 F i2@2+2 CUT 11..'),
      not: { lines: times(29, 'w1@0+2 F i2@2+2 CUT 11..'), options: { contract: 'write-through' } },
    },
    { code: 'nothing-in-flight', lines: times(29, 'w1@0+2 F w2@2+2 CUT 1122') },
    {
      code: 'single-sectors',
      lines: times(29, 'w1@0+2 F w2@2+1 i3@3+1 CUT 112.'),
      not: { lines: times(29, 'w1@0+1 F w2@2+1 i3@3+2 CUT 1.2..') },
    },
    { code: 'one-at-a-time', setup: { queueDepth: '1' }, not: { setup: { queueDepth: '2' } } },
    {
      code: 'orderly-end',
      setup: { cut: 'virsh-destroy', image: 'qcow2' },
      not: { setup: { cut: 'sigkill', image: 'qcow2' } },
    },
    {
      code: 'orderly-end',
      setup: { cut: 'sigterm', image: 'qcow2-overlay' },
      not: { setup: { cut: 'sigterm', image: 'raw' } },
    },
    {
      code: 'host-survives',
      setup: { rig: 'qemu', cut: 'sigkill', cache: 'unsafe' },
      not: { setup: { rig: 'qemu', cut: 'host-power', cache: 'unsafe' } },
    },
    {
      code: 'host-survives',
      setup: { rig: 'qemu', cut: 'sigkill', cache: 'none', image: 'raw', io: 'direct' },
      not: { setup: { rig: 'qemu', cut: 'sigkill', cache: 'none', image: 'qcow2', io: 'direct' } },
    },
    {
      code: 'host-survives',
      setup: { rig: 'libvirt', cut: 'sigkill', cache: 'none', image: 'raw', io: 'direct' },
      not: { setup: { rig: 'libvirt', cut: 'sigkill', cache: 'none', image: 'raw', io: 'buffered' } },
    },
    // What a command of the user's cuts is not ours to know.
    {
      code: 'host-survives',
      setup: { rig: 'storage-daemon', cut: 'sigkill', cache: 'writeback' },
      not: { setup: { rig: 'command', cut: 'sigkill', cache: 'writeback' } },
    },
    {
      code: 'fault-not-shown',
      setup: { fault: 'ignore-fua' },
      not: { lines: [...GOOD, VIOLATED], setup: { fault: 'ignore-fua' } },
    },
    { code: 'fault-not-shown', setup: { fault: 'drop-flush@f99999' }, not: { setup: { fault: 'log-writes' } } },
    { code: 'few-cuts', lines: GOOD.slice(1), not: { lines: [...GOOD.slice(2), VIOLATED] } },
  ]
  for (const { code, lines = GOOD, setup = {}, options = {}, not = {} } of cases) {
    test(`${code} ${JSON.stringify(setup)}`, () => {
      assert.ok(codes(lines, setupOf(setup), options).includes(code), 'given where its reason is true')
      const other = codes(not.lines ?? GOOD, setupOf(not.setup ?? {}), not.options)
      assert.ok(!other.includes(code), 'not given where it is not')
    })
  }

  test('what was overwritten is told apart from what was flushed', () => {
    // The flushed write is of another sector; of the two at risk none is seen.
    const lines = times(29, 'w1@1+1 F w2@0+1 i3@0+1 CUT 31')
    const advice = evidenceOf(campaign(lines)).advice.find(({ code }) => code === 'nothing-at-risk')
    assert.match(advice?.sentence ?? '', /could still be seen: .*larger --region/)
    const flushed = evidenceOf(campaign(times(29, 'w1@0+2 F i2@2+2 CUT 11..'))).advice
    assert.match(flushed[0]?.sentence ?? '', /^no cut found a complete write that was not flushed yet, so/)
  })

  test('every code is given in some case above', () => {
    assert.deepEqual(new Set(cases.map(({ code }) => code)), new Set(ADVICE_CODES))
  })

  test('one run of several that is otherwise set up takes the reason away', () => {
    assert.deepEqual(codes(GOOD, { queueDepth: { 1: 28, 4: 1 } }), [])
  })

  test('never flushed, and cut too early, are told apart', () => {
    const evidence = (flush: string): string =>
      evidenceOf(campaign(times(29, 'w1@0+2 i2@2+2 CUT 11..')), setupOf({ flush })).advice[0]?.sentence ?? ''
    assert.match(evidence('never'), /: flush \(--flush-every\)$/)
    assert.match(evidence('every 16 writes'), /: cut later \(--cut-after\)/)
  })
})

test('no cut that held is said so', () => {
  const { advice } = evidenceOf(campaign([UNCLEAR]))
  assert.match(
    advice.find(({ code }) => code === 'few-cuts')?.sentence ?? '',
    /^no cut held, so not even a violation rate of 10 % is excluded: that takes 29/,
  )
})

test('one line a sentence, then the advice', () => {
  const lines = evidenceLines(evidenceOf(campaign([HELD, HELD])))
  assert.match(lines[0] ?? '', /^contract {6}held in 2 cuts/)
  assert.match(lines[1] ?? '', /^checked {7}2 stable sectors/)
  assert.match(
    lines.at(-1) ?? '',
    /^not shown {5}2 cuts that held cannot exclude even a violation rate of 10 %: that takes 29/,
  )
})
