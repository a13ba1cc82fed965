/**
 * What a run was and what came of it, in few words: what many runs are filtered, sorted and counted by.
 *
 * They follow from manifest, cut and newest verdict alone, so that a store can keep them beside each run and answer for
 * a hundred thousand of them at once. The rules are those of `summarise`: a rate counted from facts equals the rate of the verdicts.
 */
import { type CutRecord, type RunProgress, type VerdictSummary, wasCut } from './campaign.ts'
import { CONTROL_LABEL, IS_CONTROL } from './control.ts'
import { isManifest } from '../manifest-shape.ts'
import type { Manifest } from '../manifest.ts'
import { cadenceText } from './setup.ts'
import { FINDING_KINDS } from '../finding.ts'
import { type Proportion, proportion } from '../statistics.ts'
import { showsAll, type VerdictWord } from '../verdict.ts'

/** Facets that runs are sorted and filtered by. Empty where the manifest does not tell. */
export const FACETS = [
  'rig',
  'cache',
  'image',
  'cut',
  'bus',
  'fault',
  'control',
  'qemu',
  'kernel',
  'host',
  'workload',
  'contract',
] as const
export type Facet = (typeof FACETS)[number]

export interface RunFacts extends Readonly<Record<Facet, string>> {
  /** The path that the agent wrote to. */
  readonly target: string
  /** `every 16 writes`. */
  readonly flush: string
}

/** What the newest verdict and the cut say, as numbers that add up. */
export interface RunOutcome {
  readonly word: VerdictWord
  /** Whether the power was cut: a run without a cut counts in no rate. */
  readonly wasCut: boolean
  /** Whether what is not found did not happen: else the run counts in no rate of losses. */
  readonly showsAll: boolean
  /** Writes, violations and hazards together. */
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  /** Violations of other kinds. */
  readonly other: number
  readonly liedFlushes: number
  readonly lostWrites: number
  readonly lostBytes: number
  readonly oldestLostMs: number
}

/** A run in one line. */
export interface RunLine extends RunFacts {
  readonly run: string
  readonly campaign: string
  readonly createdAt: string
  /** When the collector last heard of it: an append, a cut or a verdict. */
  readonly changedAt: string
  /** When the last append came, bytes or only progress. */
  readonly heardAt: string
  readonly bytes: number
  readonly progress?: RunProgress
  readonly cutRecord?: CutRecord
  readonly outcome?: RunOutcome
}

const UNTOLD: RunFacts = {
  rig: '',
  cache: '',
  image: '',
  cut: '',
  bus: '',
  fault: '',
  control: '',
  qemu: '',
  kernel: '',
  host: '',
  workload: '',
  contract: '',
  target: '',
  flush: '',
}

/** Whether the run's disk was made to lie on purpose: what it lost is no news, and says nothing of a configuration. */
export const wasToldToLie = ({ fault, control }: Pick<RunFacts, 'fault' | 'control'>): boolean =>
  fault !== '' || control !== ''

/** The facts of a run; of the cut, what was really done rather than what was asked for. A manifest that is not one tells nothing. */
export function factsOf(manifest: Manifest, cut?: Pick<CutRecord, 'kind'>): RunFacts {
  if (!isManifest(manifest)) return { ...UNTOLD, cut: cut?.kind ?? '' }
  const { environment, plan, target } = manifest
  const label = (name: string): string => environment.labels?.[name] ?? ''
  return {
    rig: label('rig'),
    cache: label('cache'),
    image: label('image'),
    cut: cut?.kind ?? label('cut'),
    bus: label('bus'),
    fault: label('fault'),
    control: label(CONTROL_LABEL) === IS_CONTROL ? IS_CONTROL : '',
    qemu: qemuVersionOf(label),
    kernel: environment.kernel ?? '',
    host: environment.hostname ?? '',
    workload: plan.workload,
    contract: manifest.contract,
    target: target.path,
    flush: cadenceText(plan.cadence),
  }
}

/** Programs whose version lines the rigs put under their names; a label `qemu` is of whoever made the machine by hand. */
const QEMU_PROGRAMS = ['qemu-system-x86_64', 'qemu-storage-daemon'] as const

function qemuVersionOf(label: (name: string) => string): string {
  const lines = QEMU_PROGRAMS.map((program) => /version (\S+)/.exec(label(program))?.[1] ?? '')
  return label('qemu') || (lines.find((version) => version !== '') ?? '')
}

export function outcomeOf(verdict: VerdictSummary, cut: Pick<CutRecord, 'died'> | undefined): RunOutcome {
  const { violations, hazards, exposure, liedFlushes } = verdict
  const both = (kind: 'lost' | 'torn' | 'reordered'): number => violations[kind] + hazards[kind]
  const others = FINDING_KINDS.filter((kind) => kind !== 'lost' && kind !== 'torn' && kind !== 'reordered')
  return {
    word: verdict.verdict,
    wasCut: wasCut({ ...verdict, cut }),
    showsAll: showsAll(verdict),
    lost: both('lost'),
    torn: both('torn'),
    reordered: both('reordered'),
    other: others.reduce((sum, kind) => sum + violations[kind], 0),
    liedFlushes,
    lostWrites: exposure.lostWrites,
    lostBytes: exposure.lostBytes,
    oldestLostMs: exposure.oldestLostMs,
  }
}

/** Runs of one configuration and campaign, counted. Of runs with a cut, but for `runs`, `verified` and those without one. */
export interface CellCounts {
  readonly rig: string
  readonly cache: string
  readonly image: string
  readonly cut: string
  /** The injected fault; empty where there is none. */
  readonly fault: string
  /** `yes`: runs of a positive control. */
  readonly control: string
  readonly campaign: string
  readonly runs: number
  readonly verified: number
  readonly withoutCut: number
  /** Runs without a cut that broke a promise all the same. */
  readonly violationWithoutCut: number
  readonly held: number
  readonly violation: number
  readonly inconclusive: number
  /** Runs that show all, and those of them with at least one such write. */
  readonly telling: number
  readonly lost: number
  readonly torn: number
  readonly reordered: number
  /** Runs that convict of something else than lost, torn or reordered writes. */
  readonly other: number
  readonly lostBytes: number
  readonly oldestLostMs: number
  readonly lastAt: string
}

/** The shares of `summarise`, from counts. */
export function ratesOf(
  counts: Pick<CellCounts, 'held' | 'violation' | 'telling' | 'lost' | 'torn' | 'reordered'>,
): Readonly<Record<'violation' | 'lost' | 'torn' | 'reordered', Proportion>> {
  const { held, violation, telling } = counts
  return {
    violation: proportion(violation, held + violation),
    lost: proportion(counts.lost, telling),
    torn: proportion(counts.torn, telling),
    reordered: proportion(counts.reordered, telling),
  }
}

/** Which runs are meant: those with all of these values (an empty one: untold), created within the span. */
export interface FactsFilter extends Readonly<Partial<Record<Facet, string>>> {
  readonly campaign?: string
  /** ISO 8601, UTC; from this time on. */
  readonly from?: string
  /** Up to, and not including, this time. */
  readonly to?: string
}
