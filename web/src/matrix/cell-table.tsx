/** The same as the heat map in rows and numbers, to sort and to copy. */
import type { ComponentChild } from 'preact'
import { formatBytes, formatCount, formatMs } from '../../../src/core/size.ts'
import type { Proportion } from '../../../src/core/statistics.ts'
import { CELL_STATES, lieName, type MatrixCell } from '../../../src/core/view/matrix-view.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Word } from '../components/word.tsx'
import { campaignLink } from '../links.ts'
import { cellKey } from './arrange.ts'
import { intervalText, KINDS, stateText } from './cell-text.ts'

export function CellTable({ cells }: { readonly cells: readonly MatrixCell[] }): ComponentChild {
  return (
    <DataTable
      caption="Configurations with the share of runs that broke a promise, or lost, tore or reordered writes"
      columns={COLUMNS}
      rows={cells.toSorted((a, b) => rank(a) - rank(b))}
      rowKey={cellKey}
      stack
    />
  )
}

const rank = ({ state }: MatrixCell): number => CELL_STATES.indexOf(state)

function Share({ rate }: { readonly rate: Proportion }): ComponentChild {
  if (rate.of === 0) return <span class="muted">–</span>
  return (
    <span class="share">
      {rate.count} of {rate.of} <span class="muted">{intervalText(rate)}</span>
    </span>
  )
}

const shareColumn = (name: string, of: (cell: MatrixCell) => Proportion): Column<MatrixCell> => ({
  name,
  numeric: true,
  sort: (cell) => {
    const { count, of: runs } = of(cell)
    return runs === 0 ? -1 : count / runs
  },
  cell: (cell) => <Share rate={of(cell)} />,
})

const textColumn = (name: string, of: (cell: MatrixCell) => string): Column<MatrixCell> => ({
  name,
  sort: of,
  cell: (cell) => (of(cell) === '' ? <span class="muted">untold</span> : of(cell)),
})

const COLUMNS: readonly Column<MatrixCell>[] = [
  {
    name: 'State',
    heads: true,
    sort: (cell) => rank(cell),
    cell: (cell) => <Word state={cell.state} text={stateText(cell)} />,
  },
  textColumn('Image', ({ image }) => image),
  textColumn('Cache', ({ cache }) => cache),
  textColumn('Cut', ({ cut }) => cut),
  textColumn('Rig', ({ rig }) => rig),
  { name: 'Told to lie', sort: lieName, cell: (cell) => (lieName(cell) === '' ? 'no' : lieName(cell)) },
  shareColumn('Violation', ({ rates }) => rates.violation),
  ...KINDS.map((kind) => shareColumn(`${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, ({ rates }) => rates[kind])),
  {
    name: 'Bytes lost',
    numeric: true,
    sort: ({ lostBytes }) => lostBytes,
    cell: ({ lostBytes }) => (lostBytes === 0 ? '0' : formatBytes(lostBytes)),
  },
  {
    name: 'Oldest lost',
    numeric: true,
    sort: ({ oldestLostMs }) => oldestLostMs,
    cell: ({ oldestLostMs }) => (oldestLostMs === 0 ? '–' : formatMs(oldestLostMs)),
  },
  { name: 'Runs', numeric: true, sort: ({ runs }) => runs, cell: ({ runs }) => formatCount(runs) },
  {
    name: 'Campaigns',
    cell: ({ campaigns }) => {
      const [only, ...more] = campaigns
      if (only === undefined) return null
      return more.length === 0 ? (
        <a href={campaignLink(only.campaign)}>{only.campaign}</a>
      ) : (
        <ul class="plain">
          {campaigns.map(({ campaign }) => (
            <li key={campaign}>
              <a href={campaignLink(campaign)}>{campaign}</a>
            </li>
          ))}
        </ul>
      )
    },
  },
]
