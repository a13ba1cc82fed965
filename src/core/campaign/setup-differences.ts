/**
 * In what two campaigns differ, by the facets of their runs: each thing told once, and what follows from another not told at all.
 */
import { faultValues } from './faults.ts'
import { type CampaignSetup, LOOP_LABEL, valuesOf } from './setup.ts'

/** Facets that follow from others: where one of those differs, they differ for no reason of their own. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  contract: ['cache', 'guest-write-cache', 'fault'],
  clusterSize: ['image'],
  cluster: ['clusterSize', 'image'],
  flushes: ['guest-write-cache'],
  writeCache: ['cache', 'guest-write-cache', 'fault', 'rig'],
  [`${LOOP_LABEL}size`]: ['region'],
}
/** The same, where only one campaign has such a facet at all. */
const COMES_WITH: Readonly<Record<string, readonly string[]>> = {
  script: ['workload'],
  writeSize: ['workload'],
  writeCache: ['target'],
  model: ['target'],
}

/** Options of the loop that are told by a facet of another name. */
const TOLD_AS: Readonly<Record<string, string>> = {
  [`${LOOP_LABEL}guest-filesystem`]: 'filesystem',
  [`${LOOP_LABEL}guest-mount-options`]: 'mount-options',
}

/** A facet in which two campaigns differ: the values that their runs had, empty where they had none. */
export interface SetupDifference {
  readonly facet: string
  readonly a: readonly string[]
  readonly b: readonly string[]
}

/** Facets of their own in which the two differ, each told once. */
export function setupDifferences(a: CampaignSetup, b: CampaignSetup): readonly SetupDifference[] {
  const differing = [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((facet) => isTold(facet, a, b))
    .map((facet) => ({ facet, a: valuesToCompare(a, facet), b: valuesToCompare(b, facet) }))
    .filter(({ a: here, b: there }) => !sameValues(here, there))
  const has = (facet: string): boolean => differing.some((one) => one.facet === facet)
  return differing.filter((one) => !causesOf(one).some(has))
}

/** A fault in some of the runs is not a fault in all of them. */
const valuesToCompare = (setup: CampaignSetup, facet: string): readonly string[] =>
  facet === 'fault' ? faultValues(setup) : valuesOf(setup, facet)

/** False for an option of the loop that another facet tells, or that one campaign, having none of them, cannot tell of. */
function isTold(facet: string, a: CampaignSetup, b: CampaignSetup): boolean {
  if (!facet.startsWith(LOOP_LABEL)) return true
  const plain = TOLD_AS[facet] ?? facet.slice(LOOP_LABEL.length)
  const both = [a, b].map((setup) => Object.keys(setup))
  return (
    !both.some((facets) => facets.includes(plain)) &&
    both.every((facets) => facets.some((other) => other.startsWith(LOOP_LABEL)))
  )
}

function causesOf({ facet, a, b }: SetupDifference): readonly string[] {
  const isOfOne = a.length === 0 || b.length === 0
  const own = [...(FOLLOWS[facet] ?? []), ...(isOfOne ? (COMES_WITH[facet] ?? []) : [])]
  if (isNamed(facet)) return own
  return [...own, ...(isOfOne ? ['rig', 'cut', 'image', 'cache'] : ['rig'])]
}

const NAMED: ReadonlySet<string> = new Set([
  'rig',
  'image',
  'cache',
  'cut',
  'fault',
  'workload',
  'script',
  'writeSize',
  'region',
  'clusterSize',
  'flush',
  'fua',
  'queueDepth',
  'flushMode',
  'io',
  'ioEngine',
  'commit',
  'contract',
  'baseline',
  'overlapInFlight',
  'writeCache',
  'agent',
])

/** What machines say of themselves beyond that, such as versions, follows from the rig. */
const isNamed = (facet: string): boolean => NAMED.has(facet)

const sameValues = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value) => b.includes(value))

/** Not the users' labels either. */
const OF_THE_TARGET: ReadonlySet<string> = new Set(['targetSize', 'logicalBlock'])

/** Options of the loop that tell of a disk what a label of the rig would. */
const OPTION_NAMES: Readonly<Record<string, string>> = { size: 'disk size', fault: 'fault asked for' }

/** `queueDepth` as people say it. */
export function facetName(facet: string): string {
  if (isNamed(facet) || OF_THE_TARGET.has(facet))
    return facet.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  if (!facet.startsWith(LOOP_LABEL)) return facet
  const option = facet.slice(LOOP_LABEL.length)
  return OPTION_NAMES[option] ?? `--${option}`
}
