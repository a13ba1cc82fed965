/**
 * The answer to "which of my configurations loses data, and how", in sentences that claim no more than was seen: a promise was
 * kept where a cut acquits, broken where a run convicts, and of the rest nothing is said but what they lost.
 */
import { wasToldToLie } from '../campaign/facts.ts'
import { counted, formatCount, formatPercent } from '../size.ts'
import { excludedAbove } from '../statistics.ts'
import { type CellState, type MatrixCell, type MatrixView, settingName, testedCuts } from './matrix-view.ts'

type Cells = readonly MatrixCell[]

const NAMED_MAX = 3
const IMAGES_NAMED_MAX = 3

export function matrixSentences(cells: Cells): Pick<MatrixView, 'sentence' | 'more'> {
  const having = (state: CellState): Cells => cells.filter((cell) => cell.state === state)
  const violating = having('violation')
  const hazardous = having('hazard')
  const [kept, unchecked] = [hazardous.filter(isAcquitted), hazardous.filter((cell) => !isAcquitted(cell))]
  const spotless = having('held')
  const open = having('inconclusive').length + having('none').length
  const judged = [...violating, ...kept, ...spotless]
  const more = [
    ...liarsText(violating),
    ...(kept.length === 0 ? [] : [`${kept.length} kept it but ${verbsOf(kept)} writes that no flush had covered.`]),
    ...(spotless.length === 0 ? [] : [`${spotless.length} kept every promise and lost nothing.`]),
    ...boundText([...kept, ...spotless]),
    ...(unchecked.length === 0
      ? []
      : [`${unchecked.length} ${verbsOf(unchecked)} writes; no promise could be checked.`]),
    ...openCutsText(judged),
    ...(open === 0 || open === cells.length ? [] : [`Of ${open} nothing can be said yet.`]),
  ]
  return { sentence: judged.length === 0 ? nothingYet(cells, unchecked) : judgedText(violating, judged), more }
}

const isAcquitted = ({ held }: MatrixCell): boolean => held > 0

const sumOf = (cells: Cells, of: (cell: MatrixCell) => number): number => cells.reduce((sum, cell) => sum + of(cell), 0)

function nothingYet(cells: Cells, unchecked: Cells): string {
  if (cells.length === 0) return 'There is no run that these filters let through.'
  const runs = sumOf(cells, (cell) => cell.runs)
  const what = unchecked.length === 0 ? 'Nothing can be said yet' : 'No promise could be checked'
  return `${what}: none of ${counted(runs, 'run')} in ${counted(cells.length, 'configuration')} was cut and then acquitted or convicted.`
}

function judgedText(violating: Cells, judged: Cells): string {
  if (violating.length === 0) {
    const cuts = `${counted(sumOf(judged, testedCuts), 'cut')} that ${sumOf(judged, testedCuts) === 1 ? 'acquits or convicts' : 'acquit or convict'}`
    return judged.length === 1
      ? `The one configuration that was tested broke no promise in ${cuts}.`
      : `None of ${judged.length} tested configurations broke a promise in ${cuts}.`
  }
  const settings = new Map<string, MatrixCell[]>()
  for (const cell of violating) {
    const name = settingName(cell)
    settings.set(name, [...(settings.get(name) ?? []), cell])
  }
  const worst = [...settings.entries()].toSorted(([, a], [, b]) => lies(a) - lies(b) || leastRate(b) - leastRate(a))
  const named = worst.slice(0, NAMED_MAX).map(([name, group]) => `${name}, ${imagesText(group)} (${countsText(group)})`)
  const more = worst.slice(NAMED_MAX).reduce((sum, [, group]) => sum + group.length, 0)
  const list = [...named, ...(more === 0 ? [] : [`${more} more`])]
  return `${violating.length} of ${counted(judged.length, 'tested configuration')} broke the promise made to the guest: ${enumerated(list)}.`
}

/** Disks that lie on purpose come last: what they do is no news. */
const lies = (group: Cells): number => (group.some(wasToldToLie) ? 1 : 0)

function liarsText(violating: Cells): string[] {
  const liars = violating.filter(wasToldToLie).length
  return liars === 0 ? [] : [`${liars} of those that broke it ${liars === 1 ? 'was' : 'were'} told to lie.`]
}

/** The surest first: what is certain of the worst of them. */
const leastRate = (group: Cells): number => Math.max(...group.map(({ rates }) => rates.violation.low))

function imagesText(group: Cells): string {
  const images = [...new Set(group.map(({ image }) => (image === '' ? 'untold' : image)))]
  if (images.length > IMAGES_NAMED_MAX) return `on ${images.length} images`
  return `on ${images.length < 2 ? images.join('') : `${images.slice(0, -1).join(', ')} and ${images.at(-1) ?? ''}`}`
}

function countsText(group: Cells): string {
  const broken = sumOf(group, ({ violation }) => violation)
  const cuts = sumOf(group, testedCuts)
  const withoutCut = sumOf(group, ({ violationWithoutCut }) => violationWithoutCut)
  const parts = [
    ...(cuts === 0 ? [] : [`${formatCount(broken)} of ${counted(cuts, 'cut')}`]),
    ...(withoutCut === 0 ? [] : [`${counted(withoutCut, 'run')} without a cut`]),
  ]
  return `${parts.join(' and ')}${kindsText(group)}`
}

const KINDS = ['lost', 'torn', 'reordered'] as const

function kindsText(group: Cells): string {
  const shown = [
    ...KINDS.filter((kind) => group.some((cell) => cell[kind] > 0)),
    ...(group.some(({ other }) => other > 0) ? ['other damage'] : []),
  ]
  return shown.length === 0 ? '' : `: ${shown.join(', ')}`
}

function verbsOf(hazardous: Cells): string {
  const did = { lost: 'lost', torn: 'tore', reordered: 'reordered' } as const
  const verbs = KINDS.filter((kind) => hazardous.some((cell) => cell[kind] > 0)).map((kind) => did[kind])
  return enumerated(verbs, 'or')
}

/** What the cuts so far could have missed, in those that are said to have kept their promises. */
function boundText(cells: Cells): string[] {
  if (cells.length === 0) return []
  const least = Math.min(...cells.map(testedCuts))
  const bound = `up to ${formatPercent(excludedAbove(least))} of its cuts could break a promise unseen`
  return [
    cells.length === 1
      ? `In ${counted(least, 'cut')}, ${bound}.`
      : `The least tested of them was cut ${least === 1 ? 'once' : `${least} times`}: ${bound}.`,
  ]
}

/** Cuts of the tested configurations that are in no count above. */
function openCutsText(judged: Cells): string[] {
  const cuts = sumOf(judged, ({ inconclusive }) => inconclusive)
  if (cuts === 0) return []
  return [`Counted are the cuts that acquit or convict; ${formatCount(cuts)} more did neither.`]
}

function enumerated(parts: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  const last = parts.at(-1) ?? ''
  return parts.length < 2
    ? last
    : `${parts.slice(0, -1).join(conjunction === 'or' ? ', ' : '; ')} ${conjunction} ${last}`
}
