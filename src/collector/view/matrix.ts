/** From the store's counts to the cells of the matrix: campaigns of one configuration put together, with rates and state. */
import { type CellCounts, type Facet, ratesOf } from '../../core/campaign/facts.ts'
import {
  cellState,
  MATRIX_SCHEMA,
  type MatrixCampaign,
  type MatrixCell,
  type MatrixView,
} from '../../core/view/matrix-view.ts'
import { matrixSentences } from '../../core/view/matrix-sentences.ts'

export function matrixView(
  counts: readonly CellCounts[],
  facets: Readonly<Record<Facet, readonly string[]>>,
): MatrixView {
  const groups = new Map<string, CellCounts[]>()
  for (const one of counts) {
    const key = JSON.stringify([one.rig, one.cut, one.image, one.cache, one.fault, one.control])
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const cells = [...groups.values()].flatMap(cellOf)
  const sum = (field: 'runs' | 'verified'): number => cells.reduce((total, cell) => total + cell[field], 0)
  return {
    schema: MATRIX_SCHEMA,
    ...matrixSentences(cells),
    runs: sum('runs'),
    verified: sum('verified'),
    cells,
    facets,
  }
}

function cellOf(parts: readonly CellCounts[]): MatrixCell[] {
  const [first] = parts
  if (first === undefined) return []
  const sum = (field: Added): number => parts.reduce((total, part) => total + part[field], 0)
  const counts = {
    runs: sum('runs'),
    verified: sum('verified'),
    withoutCut: sum('withoutCut'),
    violationWithoutCut: sum('violationWithoutCut'),
    held: sum('held'),
    violation: sum('violation'),
    inconclusive: sum('inconclusive'),
    telling: sum('telling'),
    lost: sum('lost'),
    torn: sum('torn'),
    reordered: sum('reordered'),
    other: sum('other'),
    lostBytes: sum('lostBytes'),
    oldestLostMs: Math.max(...parts.map(({ oldestLostMs }) => oldestLostMs)),
    lastAt: parts.reduce((newest, { lastAt }) => (lastAt > newest ? lastAt : newest), ''),
  }
  const { rig, cut, image, cache, fault, control } = first
  const campaigns = parts.map(campaignOf).toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1))
  const cell = { rig, cut, image, cache, fault, control, state: cellState(counts), ...counts }
  return [{ ...cell, rates: ratesOf(counts), campaigns }]
}

type Added = Exclude<
  keyof CellCounts,
  'rig' | 'cut' | 'image' | 'cache' | 'fault' | 'control' | 'campaign' | 'oldestLostMs' | 'lastAt'
>

const campaignOf = (counts: CellCounts): MatrixCampaign => {
  const { campaign, runs, held, violation, inconclusive, lastAt } = counts
  return { campaign, state: cellState(counts), runs, held, violation, inconclusive, lastAt }
}
