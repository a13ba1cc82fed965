/**
 * What the runs of a campaign were, facet by facet: rig, image, cut, workload and the like. A rate speaks of what was set
 * up alike; two campaigns that differ in more than one thing cannot say which of them made the difference.
 */
import type { CutRecord } from './campaign.ts'
import { CONTROL_LABEL, IS_CONTROL } from './control.ts'
import type { Histogram } from '../histogram.ts'
import type { Manifest } from '../manifest.ts'
import type { PlanSpec } from '../plan.ts'
import { formatBytes } from '../size.ts'
import { SECTOR_BYTES } from '../units.ts'

/** Facet → value, of one run. */
export type RunSetup = Readonly<Record<string, string>>

/** Facet → value → number of runs. A facet that few runs share a value of is counted up to a limit, the rest as `other`. */
export type CampaignSetup = Readonly<Record<string, Histogram>>

/** Labels that differ from run to run by design. */
const LABELS_OF_ONE_RUN: ReadonlySet<string> = new Set(['sim'])

/** What a run is for is no part of how it was set up. */
const isOfSetup = ([name, value]: readonly [string, string]): boolean =>
  !LABELS_OF_ONE_RUN.has(name) && !(name === CONTROL_LABEL && value === IS_CONTROL)

const VALUES_MAX = 16
/** Facets that the runs bring along as labels; more are not counted. */
const FACETS_MAX = 64
const VALUE_LENGTH_MAX = 200
/** Facets that are counted however many others there are. */
const KNOWN_FACETS: ReadonlySet<string> = new Set(
  'rig cache image cut bus fault workload script writeSize region clusterSize flush fua queueDepth '
    .concat(
      'flushMode io ioEngine commit contract baseline overlapInFlight target model targetSize logicalBlock writeCache kernel agent',
    )
    .split(' '),
)
/** What values beyond the limit are counted as. */
const OTHER = 'other'

/** The facets of one run; of the cut, what was really done rather than what was asked for. */
export function setupOf({ plan, environment, ...run }: Manifest, cut?: Pick<CutRecord, 'kind'>): RunSetup {
  const labels = Object.entries(environment.labels ?? {}).filter((label) => isOfSetup(label))
  return {
    ...Object.fromEntries(labels),
    ...(cut === undefined ? {} : { cut: cut.kind }),
    workload: plan.workload,
    ...(plan.workload === 'script' ? { script: plan.script ?? '' } : { writeSize: writeSizeOf(plan) }),
    region: `${bytesOf(plan.region.sectors)} from ${bytesOf(plan.region.lba)}`,
    clusterSize: bytesOf(plan.clusterSectors),
    flush: cadenceText(plan.cadence),
    fua: `${plan.fuaPercent} %`,
    queueDepth: String(run.queueDepth),
    flushMode: run.flushMode,
    ...told({ io: run.io, ioEngine: run.ioEngine, commit: run.commit }),
    contract: run.contract,
    baseline: run.baseline,
    overlapInFlight: run.overlapInFlight ? 'yes' : 'no',
    ...diskOf(run.target),
    ...told({ kernel: environment.kernel, agent: environment.agent }),
  }
}

const diskOf = ({ kind, model, sizeSectors, logicalBlockBytes, writeCache }: Manifest['target']): RunSetup =>
  told({
    target: kind,
    model,
    targetSize: bytesOf(sizeSectors),
    logicalBlock: logicalBlockBytes === undefined ? undefined : formatBytes(logicalBlockBytes),
    writeCache,
  })

/** Without what the manifest does not say. */
const told = (facets: Readonly<Record<string, string | undefined>>): RunSetup =>
  Object.fromEntries(
    Object.entries(facets).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
  )

const bytesOf = (sectors: number): string => formatBytes(sectors * SECTOR_BYTES)

const writeSizeOf = ({ writeSectors: { least, most } }: PlanSpec): string =>
  least === most ? bytesOf(least) : `${bytesOf(least)} to ${bytesOf(most)}`

export const NEVER_FLUSHES = 'never'

export function cadenceText(cadence: PlanSpec['cadence']): string {
  switch (cadence.kind) {
    case 'writes':
      return `every ${cadence.every} writes`
    case 'interval':
      return `every ${cadence.ms} ms`
    case 'never':
      return NEVER_FLUSHES
    case 'workload':
      return 'where the workload says'
  }
}

/** A long value keeps its beginning, and what tells it from another with the same one: a checksum (FNV-1a, 32 bits). */
function shortValue(value: string): string {
  if (value.length <= VALUE_LENGTH_MAX) return value
  let sum = 0x811c9dc5
  for (let at = 0; at < value.length; at++) sum = Math.imul(sum ^ value.charCodeAt(at), 0x01000193)
  const end = `… (${value.length} characters, ${(sum >>> 0).toString(16).padStart(8, '0')})`
  return value.slice(0, VALUE_LENGTH_MAX - end.length) + end
}

/** Counts the facets of many runs. The names are the users' (labels), so nothing is kept under them but in maps. */
export class SetupCounter {
  readonly #facets = new Map<string, Map<string, number>>()
  #others = 0

  add(setup: RunSetup): void {
    for (const [facet, whole] of Object.entries(setup)) {
      const counts = this.#facets.get(facet) ?? this.#made(facet)
      const value = shortValue(whole)
      const key = counts.has(value) || counts.size < VALUES_MAX ? value : OTHER
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }

  /** Where there are enough already, it is forgotten again. */
  #made(facet: string): Map<string, number> {
    const counts = new Map<string, number>()
    const isOther = !KNOWN_FACETS.has(facet)
    if (isOther && this.#others === FACETS_MAX) return counts
    if (isOther) this.#others++
    this.#facets.set(facet, counts)
    return counts
  }

  setup(): CampaignSetup {
    return Object.fromEntries([...this.#facets].map(([facet, counts]) => [facet, Object.fromEntries(counts)]))
  }
}

export function countSetups(setups: Iterable<RunSetup>): CampaignSetup {
  const counter = new SetupCounter()
  for (const setup of setups) counter.add(setup)
  return counter.setup()
}

/** The values that a facet had, in the order of their first appearance. */
export const valuesOf = (setup: CampaignSetup, facet: string): readonly string[] => Object.keys(setup[facet] ?? {})

/** Labels of this prefix are options of the loop by their names: with them a run says how its machine is made again. */
export const LOOP_LABEL = 'loop.'
