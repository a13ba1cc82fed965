/** What a cell says, in the few words that fit and in all that there are. */
import { counted, formatPercent } from '../../../src/core/size.ts'
import { type Proportion, rateText } from '../../../src/core/statistics.ts'
import { configurationName, type MatrixCell } from '../../../src/core/view/matrix-view.ts'

export const KINDS = ['lost', 'torn', 'reordered'] as const

/** `lost 3/3 · torn 1/3`, or how many cuts showed nothing. */
export function cellLines(cell: MatrixCell): { readonly first: string; readonly second: string } {
  const shown = KINDS.filter((kind) => cell[kind] > 0).map((kind) => `${kind}\u00a0${cell[kind]}/${cell.telling}`)
  const other = cell.other > 0 ? [`other ${cell.other}`] : []
  const cuts = cell.held + cell.violation + cell.inconclusive
  const second = [...shown, ...other].join(' · ')
  switch (cell.state) {
    case 'violation': {
      const { count, of } = cell.rates.violation
      return { first: `${count} of ${of} broken`, second }
    }
    case 'hazard':
      return { first: 'hazards', second }
    case 'held':
      return { first: 'held', second: counted(cuts, 'cut') }
    case 'inconclusive':
      return { first: 'inconclusive', second: counted(cuts, 'cut') }
    case 'none':
      return { first: 'no verdict', second: counted(cell.runs, 'run') }
  }
}

/** Which cell it is and its rates, for whoever hears it rather than sees where it stands. */
export function cellLabel(cell: MatrixCell): string {
  const shown = KINDS.filter((kind) => cell[kind] > 0).map((kind) => `${kind} ${rateText(cell.rates[kind])}`)
  const campaigns = cell.campaigns.length === 1 ? '' : `; ${cell.campaigns.length} campaigns`
  return [`: ${configurationName(cell)}`, `violation ${rateText(cell.rates.violation)}`, ...shown]
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
