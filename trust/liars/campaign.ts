/** Campaigns of cuts of lying disks as `plugpull loop --rig sim` would cut them: how often does a cut convict? */
import { cutMomentMs, cycleSeed, type LoopConfig, parseLoopOptions } from '../../src/rig/loop-options.ts'
import type { FaultKind } from '../../src/rig/sim/fault.ts'
import { loopOverrides } from '../../src/rig/sim/loop-run.ts'
import type { SimOverrides } from '../../src/rig/sim/options.ts'
import { faultsOf } from '../../src/rig/sim/rig.ts'
import { runSimulation } from '../../src/rig/sim/run.ts'
import { judged } from '../../test/support/simulated/judged.ts'

/** The workloads compared: all that need no script. */
export const WORKLOADS_COMPARED = [
  'sequential',
  'random',
  'hotspot',
  'overlap',
  'straddle',
  'first-touch',
  'wal',
] as const
export type ComparedWorkload = (typeof WORKLOADS_COMPARED)[number]

export interface Campaign {
  readonly fault: FaultKind
  /** At each chance of the fault (fault.ts, FAULTS). */
  readonly rate: number
  readonly workload: ComparedWorkload
  /** So many at most. */
  readonly cuts: number
  readonly seed: string
}

/** A quarter of the loop's default disk, and a quarter of its time until the cut: as much is overwritten, in a quarter of the work. */
export const QUARTER = { size: '4M', cutAfter: '50ms-250ms' } as const

/** Cuts after which a campaign ends where each of them convicted: more would say little. */
export const CUTS_ALL_CAUGHT = 20

export interface CampaignOutcome {
  readonly cuts: number
  /** Cuts whose verdict is a violation. */
  readonly caught: number
  /** Writes issued, over all cuts. */
  readonly writes: number
}

/** What a liar needs beyond the defaults to be able to lie at all. */
export const NEEDS: Partial<
  Record<
    FaultKind,
    { readonly options?: Readonly<Record<string, string>>; readonly disk?: SimOverrides; readonly text: string }
  >
> = {
  'ignore-fua': { options: { fua: '10' }, text: '`--fua 10`: without FUA writes there is nothing to ignore' },
  'tear-atomic': { disk: { atomicSectors: 8 }, text: 'a disk that declares an atomic unit of 4 KiB' },
  reorder: { disk: { mode: 'ordered' }, text: 'a disk that promises to keep order, judged by `ordered`' },
}

const RUN = '0000000000007a11'

/** Runs and judges the cuts of a campaign. */
export function runCampaign(campaign: Campaign): CampaignOutcome {
  const config = parseLoopOptions({
    rig: 'sim',
    seed: campaign.seed,
    workload: campaign.workload,
    ...QUARTER,
    ...NEEDS[campaign.fault]?.options,
  })
  let [cuts, caught, writes] = [0, 0, 0]
  while (cuts < campaign.cuts && !(cuts === CUTS_ALL_CAUGHT && caught === cuts)) {
    const verdict = oneCut(campaign, config, cycleSeed(config.seed, ++cuts))
    if (verdict.verdict === 'violation') caught++
    writes += verdict.checked.issuedWrites
  }
  return { cuts, caught, writes }
}

function oneCut({ fault, rate }: Campaign, config: LoopConfig, seed: string): ReturnType<typeof judged> {
  const faults = faultsOf({ cache: config.cache, fault: `${fault}:${rate}` })
  const disk = { seed, sizeBytes: config.sizeBytes, path: 'sim', contract: 'volatile', faults } as const
  const cutAfterMs = cutMomentMs(config, seed)
  const request = { run: RUN, campaign: 'trust', options: { ...config.workload, seed }, labels: {}, cutAfterMs }
  return judged(runSimulation(seed, { ...loopOverrides(disk, request), ...NEEDS[fault]?.disk }))
}
