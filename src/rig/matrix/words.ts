/** Numbers of a matrix as people read them in a table: short, and never without their bound. Pure. */
import { formatBytes, formatMs } from '../../core/size.ts'
import { type Proportion, rateInterval } from '../../core/statistics.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import { cellName } from './cell.ts'
import type { ClaimWord, Judgement } from './claims.ts'
import type { CellResult, ControlView, MatrixResult } from './result.ts'

export const COLUMNS = [
  'cache',
  'image',
  'verdict',
  'cycles',
  'violation',
  'lost',
  'torn',
  'reordered',
  'oldest lost',
  'lost in all',
] as const

const WORDS: Readonly<Record<VerdictWord, string>> = {
  held: 'held',
  violation: 'VIOLATION',
  inconclusive: 'inconclusive',
}

/** `20/20 (86–100 %)`, `0/20 (<14 %)`. */
export function rateText({ count, of }: Pick<Proportion, 'count' | 'of'>): string {
  if (of === 0) return '–'
  const { low, high } = rateInterval(count, of)
  if (count === 0) return `0/${of} (<${percent(high)} %)`
  return `${count}/${of} (${percent(low)}–${percent(high)} %)`
}

const percent = (share: number): string => (share * 100).toFixed(0)

/** A row of the table, in the order of COLUMNS. */
export function rowOf(cell: CellResult): readonly string[] {
  const { cache, image, verdict, summary } = cell
  if (summary.cycles === 0) return [cache, image, 'not run', '0', ...COLUMNS.slice(4).map(() => '–')]
  const { rates, exposure } = summary
  const isNothingLost = exposure.lostWrites === 0
  return [
    cache,
    image,
    WORDS[verdict],
    String(summary.cycles),
    rateText(rates.violation),
    rateText(rates.lost),
    rateText(rates.torn),
    rateText(rates.reordered),
    isNothingLost ? '–' : formatMs(exposure.oldestLostMs),
    isNothingLost ? '–' : `${exposure.lostWrites} writes, ${formatBytes(exposure.lostBytes)}`,
  ]
}

/** Cells by rig and cut: the tables, in the order of the cells. */
export function tablesOf(
  cells: readonly CellResult[],
): readonly { readonly title: string; readonly cells: readonly CellResult[] }[] {
  const tables = grouped(cells, ({ rig, cut }) => `${cut} (rig ${rig})`)
  return [...tables].map(([title, members]) => ({ title, cells: members }))
}

/** Why cells prove nothing, and what went wrong in them; each reason with the cells that have it. */
export function troublesOf(cells: readonly CellResult[]): readonly string[] {
  const troubles = new Map<string, string[]>()
  for (const cell of cells) {
    if (cell.summary.cycles === 0) continue
    for (const reason of [...cell.inconclusiveBecause, ...cell.problems]) {
      const names = troubles.get(reason) ?? []
      troubles.set(reason, [...names, cellName(cell)])
    }
  }
  return [...troubles].map(([reason, names]) => `${fewOf(names)}: ${reason}`)
}

const NAMES_MAX = 3

const fewOf = (names: readonly string[]): string =>
  names.length <= NAMES_MAX + 1
    ? names.join(', ')
    : `${names.slice(0, NAMES_MAX).join(', ')} and ${names.length - NAMES_MAX} more cells`

/** One line a liar. */
export const controlLine = ({ control, caught, cycles, why }: ControlView): string => {
  const tries = cycles === 1 ? '1 cycle' : `${cycles} cycles`
  if (cycles === 0) return `${control}: not run yet`
  return caught
    ? `${control}: caught in ${tries}; ${why}`
    : `${control}: NOT CAUGHT in ${tries}; its cells prove nothing`
}

/** A claim with the cells that it was held against. */
export interface ClaimView {
  readonly text: string
  readonly source: string
  readonly rows: readonly { readonly where: string; readonly words: Readonly<Record<ClaimWord, string>> }[]
  /** Cells by what they say. */
  readonly counts: Readonly<Record<ClaimWord, number>>
}

/** The claims about some cells, each with what the cells of each cut say. */
export function claimViews(cells: readonly CellResult[]): readonly ClaimView[] {
  const held = cells
    .filter(({ summary }) => summary.cycles > 0)
    .flatMap((cell) => cell.documents.map((judgement) => ({ cell, judgement })))
  return [...grouped(held, ({ judgement }) => judgement.claim.text)].map(([text, members]) => ({
    text,
    source: members[0]?.judgement.claim.source ?? '',
    counts: {
      'consistent with': countOf(members, 'consistent with'),
      contradicts: countOf(members, 'contradicts'),
      'cannot tell': countOf(members, 'cannot tell'),
    },
    rows: [...grouped(members, ({ cell }) => `${cell.cut} (${cell.rig})`)].map(([where, here]) => ({
      where,
      words: {
        'consistent with': evidenceOf(here, 'consistent with'),
        contradicts: evidenceOf(here, 'contradicts'),
        'cannot tell': evidenceOf(here, 'cannot tell'),
      },
    })),
  }))
}

const countOf = (members: readonly { readonly judgement: Judgement }[], word: ClaimWord): number =>
  members.filter(({ judgement }) => judgement.word === word).length

/** `raw, qcow2: 0 of 20: below 13.9 %`: images with the same figures together. */
function evidenceOf(
  members: readonly { readonly cell: CellResult; readonly judgement: Judgement }[],
  word: ClaimWord,
): string {
  const saying = members.filter(({ judgement }) => judgement.word === word)
  return [...grouped(saying, ({ judgement }) => judgement.evidence)]
    .map(([evidence, same]) => `${[...new Set(same.map(({ cell }) => cell.image))].join(', ')}: ${evidence}`)
    .join('; ')
}

/** `kernel 6.1.0; cpus 2`: facts of a rig's machines; a fact with many values is told by its number. */
export function factsText(facts: MatrixResult['machines'][string]): string {
  return Object.entries(facts)
    .map(([name, values]) => factText(name, values.length > 4 ? `${values.length} values` : values.join(' / ')))
    .join('; ')
}

/** Programs name themselves in their version. */
const factText = (name: string, value: string): string => (value.startsWith(name) ? value : `${name} ${value}`)

/** From its beginning to its last cut; with interruptions in between, if there were any. */
export function spanText({ startedAt, endedAt }: MatrixResult): string {
  return `${startedAt.slice(0, 16).replace('T', ' ')} to ${endedAt.slice(0, 16).replace('T', ' ')} UTC`
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
