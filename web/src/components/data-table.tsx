/**
 * A table with sortable columns. Wide ones scroll inside their frame, by keyboard too; with `stack` each row becomes a
 * card on narrow screens, with the column's name before each value.
 */
import type { ComponentChild } from 'preact'
import { useState } from 'preact/hooks'
import { announce } from '../announce.ts'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ComponentChild
  readonly numeric?: boolean
  /** What to sort by; a column without it cannot be sorted. Texts ascend first, numbers descend. */
  readonly sort?: (row: Row) => string | number
  /** Names the row: its cell is the row's header. */
  readonly heads?: boolean
}

export interface DataTableProps<Row> {
  readonly caption: string
  /** Whether the caption is seen; it is always there for screen readers. */
  readonly showCaption?: boolean
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  readonly stack?: boolean
}

interface Order {
  readonly column: number
  readonly descends: boolean
}

export function DataTable<Row>(props: DataTableProps<Row>): ComponentChild {
  const { caption, showCaption = false, columns, rows, rowKey, stack = false } = props
  const [order, setOrder] = useState<Order>()
  const sortBy = (column: number): void => {
    const next = nextOrder(order, column, columns, rows)
    setOrder(next)
    announce(`sorted by ${columns[column]?.name ?? ''}, ${next.descends ? 'descending' : 'ascending'}`)
  }
  return (
    <section class="table-frame" aria-label={caption} tabIndex={0}>
      <table class={stack ? 'stack' : undefined} role="table">
        <caption class={showCaption ? undefined : 'unseen'}>{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column, index) => (
              <HeadCell
                key={column.name}
                column={column}
                order={order?.column === index ? order : undefined}
                sort={() => sortBy(index)}
              />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {sorted(rows, columns, order).map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map((column) => (
                <Cell key={column.name} column={column} row={row} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function HeadCell<Row>({
  column,
  order,
  sort,
}: {
  readonly column: Column<Row>
  readonly order: Order | undefined
  readonly sort: () => void
}): ComponentChild {
  const kind = column.numeric === true ? 'number' : undefined
  if (column.sort === undefined)
    return (
      <th scope="col" role="columnheader" class={kind}>
        {column.name}
      </th>
    )
  const direction = order === undefined ? undefined : order.descends ? 'descending' : 'ascending'
  return (
    <th scope="col" role="columnheader" class={kind} aria-sort={direction ?? 'none'}>
      <button type="button" class="sort" onClick={sort}>
        {column.name}
        <span aria-hidden="true" class="sort-mark">
          {direction === undefined ? '↕' : direction === 'descending' ? '↓' : '↑'}
        </span>
      </button>
    </th>
  )
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }): ComponentChild {
  const kind = column.numeric === true ? 'number' : undefined
  if (column.heads === true)
    return (
      <th scope="row" role="rowheader" class={kind} data-name={column.name}>
        {column.cell(row)}
      </th>
    )
  return (
    <td role="cell" class={kind} data-name={column.name}>
      {column.cell(row)}
    </td>
  )
}

function nextOrder<Row>(
  order: Order | undefined,
  column: number,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Order {
  if (order?.column === column) return { column, descends: !order.descends }
  const [first] = rows
  const value = first === undefined ? '' : columns[column]?.sort?.(first)
  return { column, descends: typeof value === 'number' }
}

function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | undefined): readonly Row[] {
  const key = order === undefined ? undefined : columns[order.column]?.sort
  if (order === undefined || key === undefined) return rows
  const sign = order.descends ? -1 : 1
  return rows.toSorted((a, b) => sign * compared(key(a), key(b)))
}

const NAMES = new Intl.Collator('en', { numeric: true })

function compared(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : NAMES.compare(String(a), String(b))
}
