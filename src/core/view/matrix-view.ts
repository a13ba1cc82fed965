/** The matrix as the collector tells it: configurations, what came of their cuts, and the sentence that sums them up. */
import type { CellCounts, Facet, ratesOf } from '../campaign/facts.ts'
import { counted, formatPercent } from '../size.ts'
import { excludedAbove } from '../statistics.ts'

export const MATRIX_SCHEMA = 'plugpull.matrix/1'

/**
 * What can be said of a configuration, the worst first. `hazard`: no promise was broken, but writes that none covered were
 * lost, torn or reordered. `inconclusive`: no verdict that acquits or convicts. `none`: no verdict yet, or no cut.
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

type Outcomes = Pick<CellCounts, 'held' | 'violation' | 'inconclusive' | 'lost' | 'torn' | 'reordered'>

export function cellState({ held, violation, inconclusive, lost, torn, reordered }: Outcomes): CellState {
  if (violation > 0) return 'violation'
  if (lost + torn + reordered > 0) return 'hazard'
  if (held > 0) return 'held'
  return inconclusive > 0 ? 'inconclusive' : 'none'
}

/** `qcow2, cache unsafe, cut by host-power`. */
export const configurationName = ({ image, ...how }: Pick<CellCounts, 'image' | 'cache' | 'cut'>): string =>
  `${image === '' ? 'image untold' : image}, ${settingName(how)}`

const settingName = ({ cache, cut }: Pick<CellCounts, 'cache' | 'cut'>): string =>
  `cache ${cache === '' ? 'untold' : cache}, ${cut === '' ? 'cut untold' : `cut by ${cut}`}`

const NAMED_MAX = 3
const IMAGES_NAMED_MAX = 3

/** The answer to "which of my configurations loses data, and how". */
export function matrixSentences(cells: readonly MatrixCell[]): Pick<MatrixView, 'sentence' | 'more'> {
  const having = (state: CellState): readonly MatrixCell[] => cells.filter((cell) => cell.state === state)
  const violating = having('violation')
  const hazardous = having('hazard')
  const spotless = having('held')
  const open = having('inconclusive').length + having('none').length
  if (open === cells.length) return { sentence: nothingYet(cells), more: [] }
  const more = [
    ...(hazardous.length === 0 ? [] : [hazardText(hazardous)]),
    ...(spotless.length === 0 ? [] : [`${spotless.length} kept every promise and lost nothing.`]),
    ...boundText([...hazardous, ...spotless]),
    ...(open === 0 ? [] : [`Of ${open} nothing can be said yet.`]),
  ]
  return { sentence: violationText(violating, cells), more }
}

function nothingYet(cells: readonly MatrixCell[]): string {
  if (cells.length === 0) return 'There is no run that these filters let through.'
  const runs = cells.reduce((sum, cell) => sum + cell.runs, 0)
  return `Nothing can be said yet: none of ${counted(runs, 'run')} in ${counted(cells.length, 'configuration')} was cut and then acquitted or convicted.`
}

function violationText(violating: readonly MatrixCell[], cells: readonly MatrixCell[]): string {
  const cuts = cells.reduce((sum, { held, violation }) => sum + held + violation, 0)
  if (violating.length === 0)
    return cells.length === 1
      ? `The one configuration broke no promise in ${counted(cuts, 'cut')}.`
      : `None of ${cells.length} configurations broke a promise in ${counted(cuts, 'cut')}.`
  const settings = new Map<string, MatrixCell[]>()
  for (const cell of violating) {
    const name = settingName(cell)
    settings.set(name, [...(settings.get(name) ?? []), cell])
  }
  const worst = [...settings.entries()].toSorted(([, a], [, b]) => leastRate(b) - leastRate(a))
  const named = worst.slice(0, NAMED_MAX).map(([name, group]) => `${name}, ${imagesText(group)} (${countsText(group)})`)
  const more = worst.slice(NAMED_MAX).reduce((sum, [, group]) => sum + group.length, 0)
  const list = [...named, ...(more === 0 ? [] : [`${more} more`])]
  return `${violating.length} of ${counted(cells.length, 'configuration')} broke the promise made to the guest: ${enumerated(list)}.`
}

/** The surest first: what is certain of the worst of them. */
const leastRate = (group: readonly MatrixCell[]): number => Math.max(...group.map(({ rates }) => rates.violation.low))

function imagesText(group: readonly MatrixCell[]): string {
  const images = [...new Set(group.map(({ image }) => (image === '' ? 'untold' : image)))]
  if (images.length > IMAGES_NAMED_MAX) return `on ${images.length} images`
  return `on ${images.length < 2 ? images.join('') : `${images.slice(0, -1).join(', ')} and ${images.at(-1) ?? ''}`}`
}

function countsText(group: readonly MatrixCell[]): string {
  const broken = group.reduce((sum, { violation }) => sum + violation, 0)
  const cuts = group.reduce((sum, { held, violation }) => sum + held + violation, 0)
  return `${broken} of ${counted(cuts, 'cut')}${kindsText(group)}`
}

const KINDS = ['lost', 'torn', 'reordered'] as const

function kindsText(group: readonly MatrixCell[]): string {
  const shown = [
    ...KINDS.filter((kind) => group.some((cell) => cell[kind] > 0)),
    ...(group.some(({ other }) => other > 0) ? ['other damage'] : []),
  ]
  return shown.length === 0 ? '' : `: ${shown.join(', ')}`
}

function hazardText(hazardous: readonly MatrixCell[]): string {
  const did = { lost: 'lost', torn: 'tore', reordered: 'reordered' } as const
  const verbs = KINDS.filter((kind) => hazardous.some((cell) => cell[kind] > 0)).map((kind) => did[kind])
  return `${hazardous.length} kept it but ${enumerated(verbs, 'or')} writes that no flush had covered.`
}

/** What the cuts so far could have missed. */
function boundText(cells: readonly MatrixCell[]): string[] {
  const tested = cells.map(({ held, violation }) => held + violation).filter((cuts) => cuts > 0)
  if (tested.length === 0) return []
  const least = Math.min(...tested)
  const bound = `up to ${formatPercent(excludedAbove(least))} of its cuts could break a promise unseen`
  return [
    cells.length === 1
      ? `In ${counted(least, 'cut')}, ${bound}.`
      : `The least tested of them was cut ${least === 1 ? 'once' : `${least} times`}: ${bound}.`,
  ]
}

function enumerated(parts: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const last = parts.at(-1) ?? ''
  return parts.length < 2
    ? last
    : `${parts.slice(0, -1).join(conjunction === 'or' ? ', ' : '; ')} ${conjunction} ${last}`
}
