/** What a cell says, in the few words that fit and in all that there are. */
import { counted, formatPercent } from '../../../src/core/size.ts'
import { type Proportion, rateText } from '../../../src/core/statistics.ts'
import { configurationName, type MatrixCell } from '../../../src/core/view/matrix-view.ts'

export const KINDS = ['lost', 'torn', 'reordered'] as const

/** Promises are only kept where a cut acquits: what was lost without one is told without that. */
export const stateText = ({ state, held }: Pick<MatrixCell, 'state' | 'held'>): string | undefined =>
  state === 'hazard' && held === 0 ? 'hazards, unchecked' : undefined

/** `lost 3/3 · torn 1/3`, or how many cuts showed nothing. */
export function cellLines(cell: MatrixCell): { readonly first: string; readonly second: string } {
  const shown = KINDS.filter((kind) => cell[kind] > 0).map((kind) => `${kind}\u00a0${cell[kind]}/${cell.telling}`)
  const other = cell.other > 0 ? [`other ${cell.other}`] : []
  const second = [...shown, ...other].join(' · ')
  switch (cell.state) {
    case 'violation': {
      const { count, of } = cell.rates.violation
      const uncut = cell.violationWithoutCut
      if (count === 0) return { first: 'broken', second: `${counted(uncut, 'run')} without a cut` }
      return { first: `${count} of ${of} broken`, second: uncut === 0 ? second : `${second} · ${uncut} without a cut` }
    }
    case 'hazard':
      return { first: stateText(cell) ?? 'hazards', second }
    case 'held':
      return { first: 'held', second: heldText(cell) }
    case 'inconclusive':
      return { first: 'inconclusive', second: counted(cell.inconclusive, 'cut') }
    case 'none':
      return { first: 'no verdict', second: counted(cell.runs, 'run') }
  }
}

const heldText = ({ held, inconclusive }: MatrixCell): string =>
  inconclusive === 0 ? counted(held, 'cut') : `${counted(held, 'cut')} of ${held + inconclusive}`

/** Which cell it is and its rates, for whoever hears it rather than sees where it stands. */
export function cellLabel(cell: MatrixCell): string {
  const shown = KINDS.filter((kind) => cell[kind] > 0).map((kind) => `${kind} ${rateText(cell.rates[kind])}`)
  const campaigns = cell.campaigns.length === 1 ? '' : `; ${cell.campaigns.length} campaigns`
  const uncut =
    cell.violationWithoutCut === 0 ? [] : [`${counted(cell.violationWithoutCut, 'violation')} without a cut`]
  return [`: ${configurationName(cell)}`, `violation ${rateText(cell.rates.violation)}`, ...uncut, ...shown]
    .join('; ')
    .concat(campaigns)
}

/** The rate that colours a cell: of violations where there are any, else the largest of what was lost, torn or reordered. */
export function heatOf(cell: MatrixCell): Proportion {
  if (cell.state === 'violation') return cell.rates.violation
  return KINDS.map((kind) => cell.rates[kind]).reduce((most, rate) => (rate.count > most.count ? rate : most))
}

/** `44–100 %`. */
export const intervalText = ({ low, high, of }: Proportion): string =>
  of === 0 ? '' : `${formatPercent(low).replace(' %', '')}–${formatPercent(high)}`
