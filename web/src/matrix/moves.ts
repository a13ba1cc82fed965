/** Where a key leads within a grid. Holes are stepped over; at the edge one stays. */
import type { Grid } from './arrange.ts'

export interface Position {
  readonly row: number
  readonly column: number
}

type Cells = Pick<Grid, 'rows'>

const ARROWS: Readonly<Record<string, Position>> = {
  ArrowLeft: { row: 0, column: -1 },
  ArrowRight: { row: 0, column: 1 },
  ArrowUp: { row: -1, column: 0 },
  ArrowDown: { row: 1, column: 0 },
}

/** `undefined` where the key is not one of the grid's, or leads nowhere. */
export function stepped(grid: Cells, from: Position, key: string, isFar: boolean): Position | undefined {
  const arrow = ARROWS[key]
  if (arrow !== undefined) return along(grid, from, arrow)
  const width = grid.rows[0]?.cells.length ?? 0
  if (key === 'Home') return along(grid, { row: isFar ? 0 : from.row, column: -1 }, { row: 0, column: 1 })
  if (key === 'End')
    return along(grid, { row: isFar ? grid.rows.length - 1 : from.row, column: width }, { row: 0, column: -1 })
  return undefined
}

function along(grid: Cells, from: Position, by: Position): Position | undefined {
  let at = from
  for (;;) {
    at = { row: at.row + by.row, column: at.column + by.column }
    const row = grid.rows[at.row]
    if (row === undefined || at.column < 0 || at.column >= row.cells.length) return undefined
    if (row.cells[at.column] !== undefined) return at
  }
}
