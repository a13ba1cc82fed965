/** Two campaigns held against each other, as sentences. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type CampaignView, type VerdictSummary, summarise } from '../../../src/core/campaign/campaign.ts'
import { type CampaignComparison, compareCampaigns, detectableCountText } from '../../../src/core/campaign/compare.ts'
import { type CampaignSetup, countSetups, setupOf } from '../../../src/core/campaign/setup.ts'
import { setupDifferences } from '../../../src/core/campaign/setup-differences.ts'
import { judgeTold } from '../../support/history-language.ts'
import { wholeManifest } from '../../collector/helpers.ts'

const LINES = {
  held: 'w1@0+1 F CUT 1',
  violated: 'w1@0+1 F CUT .',
  lost: 'w1@0+1 F w2@1+1 CUT 1.',
  torn: 'w1@0+1 F w2@1+2 CUT 12.',
  unclear: 'w1@0+1 CUT 1',
  lostUnclear: 'w1@0+1 CUT .',
  large: 'w1@0+8 F CUT 11111111',
} as const

type Cuts = Partial<Record<keyof typeof LINES | 'gap', number>>

const VERDICTS = new Map<string, VerdictSummary>([
  ...Object.entries(LINES).map(([name, line]) => [name, judgeTold(line)] as const),
  ['gap', judgeTold(LINES.held, { logTail: 'corrupt' })],
])

function view(name: string, cuts: Cuts, setup?: CampaignSetup): CampaignView {
  const verdicts = Object.entries(cuts).flatMap(([line, count]) => {
    const verdict = VERDICTS.get(line)
    return verdict === undefined ? [] : Array.from({ length: count }, () => verdict)
  })
  return { campaign: name, summary: summarise(verdicts.length, verdicts), ...(setup === undefined ? {} : { setup }) }
}

const compared = (a: Cuts, b: Cuts): CampaignComparison => compareCampaigns(view('A', a), view('B', b))

describe('the sentence that a person needs', () => {
  test('which is worse, in what, and how likely that is by chance', () => {
    const { sentence, rates } = compared({ lost: 18, held: 2 }, { held: 20 })
    assert.equal(
      sentence,
      'A loses writes more often than B: 18 of 20 cuts against 0 of 20; a difference this large would come by chance in fewer than 1 in 10,000 pairs of such campaigns.',
    )
    assert.deepEqual([rates.lost.differs, rates.torn.differs, rates.violation.differs], [true, false, false])
  })

  test('the same whichever is named first', () => {
    const { sentence } = compared({ held: 6 }, { lost: 6 })
    assert.equal(
      sentence,
      'B loses writes more often than A: 6 of 6 cuts against 0 of 6; a difference this large would come by chance in about 1 in 462 pairs of such campaigns.',
    )
  })

  test('more than one difference, in one direction and in both', () => {
    const both = compared({ violated: 20 }, { torn: 20 })
    assert.match(
      both.sentence,
      /^A breaks its contract more often than B: .*\. It also loses writes more often\. But B tears writes more often\.$/,
    )
  })

  test('none was shown: what would have been', () => {
    assert.equal(
      compared({ held: 5 }, { held: 5 }).sentence,
      'No difference between A and B was shown: with 5 cuts each only a difference from 0 % to 100 % would have been seen.',
    )
    assert.equal(
      compared({ held: 20 }, { held: 10 }).sentence,
      'No difference between A and B was shown: with 20 and 10 cuts only a difference from 0 % in A to about 40 % or more in B or from 0 % in B to about 50 % or more in A would have been seen.',
    )
    assert.equal(
      compared({ held: 3 }, { held: 3 }).sentence,
      'No difference between A and B was shown: with 3 cuts each not even a difference from 0 % to 100 % would have been seen.',
    )
    assert.equal(
      compareCampaigns(view('A', { gap: 9 }), view('B', { held: 3 })).sentence,
      'No difference between A and B was shown: they have no cuts of which the same could be told.',
    )
  })

  test('what is above chance by itself is no difference among four', () => {
    const { sentence, rates } = compared({ torn: 5, held: 1 }, { held: 6 })
    assert.match(sentence, /^No difference/)
    assert.ok(rates.torn.p < 0.05 && rates.torn.pCorrected > 0.05 && !rates.torn.differs)
    assert.match(
      rates.torn.sentence,
      /^A may show more torn writes than B: 5 of 6 cuts against 0 of 6; .* about 1 in 66 pairs .*, and among 4 comparisons that is not enough/,
    )
  })
})

test('what never flushes and what flushes, and loses as often, do not differ', () => {
  const flushing = compared({ unclear: 45, lostUnclear: 5 }, { held: 45, lost: 5 })
  assert.deepEqual([flushing.rates.lost.a.of, flushing.rates.lost.b.of, flushing.rates.lost.differs], [50, 50, false])
  assert.match(
    flushing.rates.violation.sentence,
    /^broken contracts cannot be compared: A has no cut that could acquit or convict$/,
  )
})

describe('what could have been seen', () => {
  test('is what the comparison then calls a difference, and the step before is not', () => {
    for (let cuts = 1; cuts <= 12; cuts++) {
      const lost = (count: number): CampaignComparison => compared({ held: cuts }, { lost: count, held: cuts - count })
      const detectable = lost(0).rates.lost.detectable
      const called = Array.from({ length: cuts + 1 }, (_, count) => count).filter(
        (count) => lost(count).rates.lost.differs,
      )
      assert.equal(detectable?.count, called[0], `${cuts} cuts`)
      assert.ok(
        detectable === undefined || (detectable.campaign === 'b' && detectable.of === cuts && detectable.orMore),
      )
    }
  })

  test('in words', () => {
    const at = { campaign: 'b', of: 6 } as const
    assert.equal(detectableCountText({ ...at, count: 5, orMore: true }), '5 of 6 or more')
    assert.equal(detectableCountText({ ...at, count: 6, orMore: true }), '6 of 6')
    assert.equal(detectableCountText({ ...at, count: 1, orMore: false }), '1 of 6 or fewer')
    assert.equal(detectableCountText({ ...at, count: 0, orMore: false }), '0 of 6')
  })

  test('from a campaign in which it always happens, downwards', () => {
    assert.deepEqual(compared({ lost: 20 }, { lost: 20 }).rates.lost.detectable, {
      campaign: 'b',
      count: 13,
      of: 20,
      orMore: false,
    })
  })
})

describe('what they were', () => {
  const base = { rig: 'qemu', image: 'raw', cache: 'none', cut: 'sigkill', contract: 'volatile', clusterSize: '64 KiB' }
  const setup = (changes: Readonly<Record<string, string>> = {}): CampaignSetup =>
    countSetups([{ ...base, ...changes }])
  const held = (a: CampaignSetup | undefined, b: CampaignSetup | undefined): CampaignComparison =>
    compareCampaigns(view('A', { held: 5 }, a), view('B', { held: 5 }, b))

  test('alike, one thing, several things, not known', () => {
    assert.equal(held(setup(), setup()).setup, 'They were set up alike, as far as their runs tell.')
    const one = held(setup(), setup({ image: 'qcow2', clusterSize: '128 KiB' }))
    assert.equal(one.setup, 'They differ in image (raw against qcow2) alone, as far as their runs tell.')
    assert.deepEqual(one.warnings, [])
    const two = held(setup(), setup({ image: 'qcow2', cut: 'sigterm' }))
    assert.equal(two.setup, 'They differ in 2 things: image (raw against qcow2); cut (sigkill against sigterm).')
    assert.match(two.warnings.join(), /more than one thing differs/)
    assert.equal(held(undefined, setup()).setup, 'What the campaigns were is not known.')
  })

  test('what follows from another facet is no difference of its own', () => {
    const differing = (changes: Readonly<Record<string, string>>): readonly string[] =>
      setupDifferences(setup({ versions: '1' }), setup({ versions: '1', ...changes })).map(({ facet }) => facet)
    assert.deepEqual(differing({ cache: 'writethrough', contract: 'write-through' }), ['cache'])
    assert.deepEqual(differing({ contract: 'write-through' }), ['contract'])
    assert.deepEqual(differing({ rig: 'libvirt', versions: '2' }), ['rig'])
    assert.deepEqual(differing({ versions: '2' }), ['versions'])
  })

  test('that one is a positive control is no difference of the setup, but a label of that name may be', () => {
    const run = (labels: Record<string, string>) =>
      countSetups([setupOf(wholeManifest('0000000000000001', 'c', labels))])
    const differing = (a: Record<string, string>, b: Record<string, string>): readonly string[] =>
      setupDifferences(run(a), run(b)).map(({ facet }) => facet)
    assert.deepEqual(differing({ cache: 'unsafe', control: 'yes' }, { cache: 'none' }), ['cache'])
    assert.deepEqual(differing({ cache: 'none', control: 'yes' }, { cache: 'none' }), [])
    assert.deepEqual(differing({ control: 'mine' }, { control: "the other's" }), ['control'])
  })

  test('what only one of them has is a difference, and one thing told twice is one', () => {
    const loop = { 'loop.size': '16M' }
    const faulty = { ...loop, fault: 'drop-flush', 'loop.fault': 'drop-flush' }
    assert.equal(
      held(setup(faulty), setup(loop)).setup,
      'They differ in fault (drop-flush against none) alone, as far as their runs tell.',
    )
    assert.match(held(setup(loop), setup(faulty)).setup, /fault \(none against drop-flush\) alone/)
    const other = { ...loop, fault: 'ignore-fua', 'loop.fault': 'ignore-fua' }
    assert.match(held(setup(faulty), setup(other)).setup, /fault \(drop-flush against ignore-fua\) alone/)
    const differing = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): readonly string[] =>
      setupDifferences(setup(a), setup(b)).map(({ facet }) => facet)
    assert.deepEqual(differing({ workload: 'script', script: 'flush' }, { workload: 'random', writeSize: '4 KiB' }), [
      'workload',
    ])
    assert.deepEqual(
      differing({ clusterSize: '4 KiB', cluster: '4096' }, { clusterSize: '64 KiB', cluster: '65536' }),
      ['clusterSize'],
    )
    assert.deepEqual(differing({ ...loop, region: 'a' }, { 'loop.size': '1G', region: 'b' }), ['region'])
    assert.deepEqual(differing(loop, { 'loop.size': '1G' }), ['loop.size'])
    // A run of an earlier version, or on a machine that was there already, has no such label: nothing is known.
    assert.deepEqual(differing(loop, {}), [])
    assert.match(
      held(setup(loop), setup({ ...loop, 'loop.l2-cache-size': '1M' })).setup,
      /in --l2-cache-size \(none against 1M\) alone/,
    )
  })

  test('a campaign that is mixed in itself differs from one that is not', () => {
    const mixed = countSetups([base, { ...base, cut: 'sigterm' }])
    assert.match(held(mixed, setup()).setup, /in cut \(sigkill and sigterm against sigkill\) alone/)
    assert.match(held(mixed, mixed).setup, /^They were set up alike/)
  })

  test('the facets of a run, by its manifest and its cut', () => {
    const manifest = wholeManifest('1', 'c', { rig: 'qemu', cut: 'asked for', sim: '77' })
    assert.deepEqual(setupOf(manifest, { kind: 'sigkill' }), {
      rig: 'qemu',
      cut: 'sigkill',
      workload: 'random',
      writeSize: '512 B to 4 KiB',
      region: '1 MiB from 0 B',
      clusterSize: '64 KiB',
      flush: 'every 16 writes',
      fua: '0 %',
      queueDepth: '1',
      flushMode: 'barrier',
      io: 'direct',
      commit: 'stream',
      contract: 'volatile',
      baseline: 'format',
      overlapInFlight: 'no',
      target: 'block',
      targetSize: '1 MiB',
      logicalBlock: '512 B',
      kernel: '6.1',
      agent: '0.1.0',
    })
  })

  test('another disk is another setup, unless it follows from the rig or the cache', () => {
    const file = wholeManifest('1')
    const ssd = {
      ...file,
      baseline: 'scan',
      target: {
        ...file.target,
        kind: 'file',
        model: 'SSD',
        sizeSectors: 4096,
        logicalBlockBytes: 4096,
        writeCache: 'write back',
      },
      environment: { ...file.environment, kernel: '5.4', agent: '0.0.1' },
    } as const
    const facets = (labels: Readonly<Record<string, string>>): readonly string[] =>
      setupDifferences(
        countSetups([
          {
            ...setupOf({ ...file, target: { ...file.target, model: 'HDD', writeCache: 'write through' } }),
            rig: 'a',
            cache: 'a',
          },
        ]),
        countSetups([{ ...setupOf(ssd), rig: 'a', cache: 'a', ...labels }]),
      ).map(({ facet }) => facet)
    const own = ['baseline', 'target', 'model', 'targetSize', 'logicalBlock', 'kernel', 'agent'].toSorted()
    assert.deepEqual(facets({}).toSorted(), [...own, 'writeCache'].toSorted())
    assert.deepEqual(facets({ cache: 'b' }).toSorted(), [...own, 'cache'].toSorted())
    assert.deepEqual(facets({ rig: 'b' }).toSorted(), ['agent', 'baseline', 'rig'])
  })

  test('a script stands for its write size, and a long one is told in part', () => {
    const { plan, ...rest } = wholeManifest('1')
    const long = `${'w 0+1; '.repeat(20)}flush`
    const scripted = (script: string): CampaignSetup =>
      countSetups([setupOf({ ...rest, plan: { ...plan, workload: 'script', script } })])
    assert.deepEqual(scripted(long)['script'], { [long]: 1 })
    assert.equal(scripted(long)['writeSize'], undefined)
    // Only the workload of that name has one.
    assert.equal(setupOf({ ...rest, plan: { ...plan, script: long } })['script'], undefined)
    const { setup: sentence, differences } = held(scripted(long), scripted(`${long}; flush`))
    assert.equal(differences.length, 1)
    assert.equal(
      sentence,
      `They differ in script (${long.slice(0, 60)}… against ${long.slice(0, 60)}…) alone, as far as their runs tell.`,
    )
  })

  test('a label of any name is counted and nothing else is touched; values are kept up to a limit', () => {
    const label = Object.fromEntries([['__proto__', 'x']])
    const counted = countSetups([label, ...Array.from({ length: 20 }, (_, i) => ({ n: String(i) }))])
    assert.equal(Reflect.get({}, 'x'), undefined)
    assert.equal(Object.keys(counted['n'] ?? {}).length, 17)
    assert.equal(counted['n']?.['other'], 4)
  })
})

describe('warnings', () => {
  test('runs that were not judged to their end', () => {
    const { warnings } = compared({ held: 5, unclear: 2 }, { held: 5, unclear: 1 })
    assert.equal(warnings.length, 2)
    assert.match(warnings[0] ?? '', /^2 runs of A are inconclusive or not verified/)
    assert.match(warnings[1] ?? '', /^1 run of B is inconclusive/)
  })

  test('one checked many times what the other did', () => {
    assert.match(
      compared({ held: 5 }, { large: 5 }).warnings.join(),
      /^B checked 40 stable sectors that could convict, A only 5: /,
    )
    assert.deepEqual(compared({ held: 5 }, { large: 1 }).warnings, [])
  })

  test('different contracts', () => {
    const strict = judgeTold(LINES.held, { contract: 'write-through' })
    const b = { campaign: 'B', summary: summarise(5, [strict, strict, strict, strict, strict]) }
    assert.match(
      compareCampaigns(view('A', { held: 5 }), b).warnings.join(),
      /different contracts \(volatile against write-through\)/,
    )
  })

  test('verdicts without measures compare all the same', () => {
    const old = VERDICTS.get('held')
    assert.ok(old !== undefined)
    const { measures: _, ...without } = old
    const b = { campaign: 'B', summary: summarise(2, [without, without]) }
    assert.deepEqual(compareCampaigns(view('A', { held: 5 }), b).warnings, [])
  })
})
