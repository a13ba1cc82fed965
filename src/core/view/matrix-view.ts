/** The matrix as the collector tells it: configurations and what came of their cuts. The sentences that sum them up are matrix-sentences.ts. */
import type { CellCounts, Facet, ratesOf } from '../campaign/facts.ts'

export const MATRIX_SCHEMA = 'plugpull.matrix/1'

/**
 * What can be said of a configuration, the worst first. `violation`: a promise was broken, be it in a run without a cut. `hazard`: none
 * is known to be broken, but writes that none covered were lost, torn or reordered; it was kept where `held` is not 0.
 * `inconclusive`: no verdict that acquits or convicts. `none`: no verdict yet, or no cut.
 */
export const CELL_STATES = ['violation', 'hazard', 'held', 'inconclusive', 'none'] as const
export type CellState = (typeof CELL_STATES)[number]

/** A campaign's share of a cell. */
export interface MatrixCampaign {
  readonly campaign: string
  readonly state: CellState
  readonly runs: number
  readonly held: number
  readonly violation: number
  readonly inconclusive: number
  readonly lastAt: string
}

/** One configuration. Counts as in CellCounts; empty where the manifests do not tell. */
export interface MatrixCell extends Omit<CellCounts, 'campaign'> {
  readonly state: CellState
  readonly rates: ReturnType<typeof ratesOf>
  /** Newest first. */
  readonly campaigns: readonly MatrixCampaign[]
}

export interface MatrixView {
  readonly schema: typeof MATRIX_SCHEMA
  /** Which configurations lose data, and how, in a sentence. */
  readonly sentence: string
  /** The rest of them, and what the cuts so far could have missed. */
  readonly more: readonly string[]
  readonly runs: number
  readonly verified: number
  readonly cells: readonly MatrixCell[]
  /** The values that runs can be filtered by, of all runs. */
  readonly facets: Readonly<Record<Facet, readonly string[]>>
}

type Outcomes = Pick<
  CellCounts,
  'held' | 'violation' | 'violationWithoutCut' | 'inconclusive' | 'lost' | 'torn' | 'reordered'
>

export function cellState(counts: Outcomes): CellState {
  const { held, violation, violationWithoutCut, inconclusive, lost, torn, reordered } = counts
  if (violation + violationWithoutCut > 0) return 'violation'
  if (lost + torn + reordered > 0) return 'hazard'
  if (held > 0) return 'held'
  return inconclusive > 0 ? 'inconclusive' : 'none'
}

/** Cuts that acquit or convict: only they test a promise. */
export const testedCuts = ({ held, violation }: Pick<CellCounts, 'held' | 'violation'>): number => held + violation

type Lie = Pick<CellCounts, 'fault' | 'control'>

/** What made the disk lie on purpose: `injected fault drop-flush`, `positive control`; empty where nothing did. */
export const lieName = ({ fault, control }: Lie): string =>
  [...(fault === '' ? [] : [`injected fault ${fault}`]), ...(control === '' ? [] : ['positive control'])].join(', ')

type Setting = Pick<CellCounts, 'cache' | 'cut'> & Lie

/** `qcow2, cache unsafe, cut by host-power`. */
export const configurationName = ({ image, ...how }: Pick<CellCounts, 'image'> & Setting): string =>
  `${image === '' ? 'image untold' : image}, ${settingName(how)}`

export function settingName({ cache, cut, ...lie }: Setting): string {
  const told = [`cache ${cache === '' ? 'untold' : cache}`, cut === '' ? 'cut untold' : `cut by ${cut}`, lieName(lie)]
  return told.filter((part) => part !== '').join(', ')
}
