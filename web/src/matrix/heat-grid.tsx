/**
 * One grid of the heat map. For the keyboard it is one stop: arrows move from cell to cell, Home and End along the row, Enter
 * opens. Each cell is a link, so it can be opened like any other.
 */
import type { ComponentChild } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { lieName, type MatrixCell } from '../../../src/core/view/matrix-view.ts'
import { RateBar } from '../components/rate.tsx'
import { GLYPHS } from '../components/word.tsx'
import { campaignLink } from '../links.ts'
import { cellKey, type Grid } from './arrange.ts'
import { cellLabel, cellLines, heatOf } from './cell-text.ts'
import { type Position, stepped } from './moves.ts'

export interface HeatGridProps {
  readonly grid: Grid
  /** Called with the cell under pointer or focus. */
  readonly look: (cell: MatrixCell) => void
  /** Where a cell of several campaigns leads. */
  readonly listLink: (cell: MatrixCell) => string
}

const shownName = (value: string): string => (value === '' ? 'untold' : value)

export function gridTitle({ cut, rig, ...lie }: Pick<Grid, 'cut' | 'rig' | 'fault' | 'control'>): string {
  const how = cut === '' ? 'Cut untold' : `Cut by ${cut}`
  const parts = [how, rig === '' || rig === cut ? '' : `rig ${rig}`, lieName(lie)]
  return parts.filter((part) => part !== '').join(', ')
}

export function HeatGrid({ grid, look, listLink }: HeatGridProps): ComponentChild {
  const table = useRef<HTMLTableElement>(null)
  const [at, setAt] = useState<Position>(() => firstCell(grid))
  const stop = grid.rows[at.row]?.cells[at.column] === undefined ? firstCell(grid) : at
  const moved = (event: KeyboardEvent): void => {
    const next = stepped(grid, stop, event.key, event.ctrlKey)
    if (next === undefined) return
    event.preventDefault()
    setAt(next)
    const link = table.current?.rows[next.row + 1]?.cells[next.column + 1]?.querySelector('a')
    link?.focus()
  }
  return (
    <section class="heat" aria-label={gridTitle(grid)}>
      <h2>{gridTitle(grid)}</h2>
      <div class="heat-frame">
        <table ref={table} class="heat-grid" role="grid" aria-label={gridTitle(grid)} onKeyDown={moved}>
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader" class="corner">
                Image <span aria-hidden="true">↓</span> <span class="corner-cache">Cache →</span>
              </th>
              {grid.caches.map((cache) => (
                <th key={cache} scope="col" role="columnheader">
                  {shownName(cache)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {grid.rows.map((row, index) => (
              <HeatRow
                key={row.image}
                row={row}
                caches={grid.caches}
                stop={index === stop.row ? stop.column : undefined}
                listLink={listLink}
                look={(cell, column) => {
                  look(cell)
                  setAt({ row: index, column })
                }}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function HeatRow({
  row,
  caches,
  stop,
  look,
  listLink,
}: {
  readonly row: Grid['rows'][number]
  readonly caches: readonly string[]
  /** The column of the cell that the keyboard comes to, where it is in this row. */
  readonly stop: number | undefined
  readonly look: (cell: MatrixCell, column: number) => void
  readonly listLink: HeatGridProps['listLink']
}): ComponentChild {
  return (
    <tr role="row">
      <th scope="row" role="rowheader">
        {shownName(row.image)}
      </th>
      {row.cells.map((cell, column) => {
        const cache = shownName(caches[column] ?? '')
        return cell === undefined ? (
          <td key={cache} role="gridcell" data-name={cache} class="heat-none muted">
            <span aria-hidden="true">–</span>
            <span class="unseen">never run</span>
          </td>
        ) : (
          <td key={cache} role="gridcell" data-name={cache}>
            <HeatCell
              cell={cell}
              isStop={column === stop}
              link={linkOf(cell, listLink)}
              look={() => look(cell, column)}
            />
          </td>
        )
      })}
    </tr>
  )
}

function firstCell({ rows }: Grid): Position {
  const row = rows.findIndex(({ cells }) => cells.some((cell) => cell !== undefined))
  const column = rows[row]?.cells.findIndex((cell) => cell !== undefined)
  return { row: Math.max(0, row), column: column ?? 0 }
}

function linkOf(cell: MatrixCell, listLink: (cell: MatrixCell) => string): string {
  const [only, ...more] = cell.campaigns
  return only !== undefined && more.length === 0 ? campaignLink(only.campaign) : listLink(cell)
}

/** In four steps: the tint says roughly, the bar exactly. */
const heatStep = (share: number): number => (share === 0 ? 0 : Math.min(4, Math.ceil(share * 4)))

function HeatCell({
  cell,
  link,
  isStop,
  look,
}: {
  readonly cell: MatrixCell
  readonly link: string
  readonly isStop: boolean
  readonly look: () => void
}): ComponentChild {
  const { first, second } = cellLines(cell)
  const heat = heatOf(cell)
  const step = heatStep(heat.of === 0 ? 0 : heat.count / heat.of)
  return (
    <a
      href={link}
      class={`heat-cell ${cell.state} heat-${step}`}
      tabIndex={isStop ? 0 : -1}
      data-cell={cellKey(cell)}
      onFocus={look}
      onMouseEnter={look}
    >
      <span class="heat-first">
        <span class="glyph" aria-hidden="true">
          {GLYPHS[cell.state]}
        </span>
        {first}
      </span>
      <span class="heat-second">{second}</span>
      <span class="unseen">{cellLabel(cell)}</span>
      <RateBar rate={heat} tone={cell.state === 'violation' ? 'violation' : 'hazard'} />
    </a>
  )
}
