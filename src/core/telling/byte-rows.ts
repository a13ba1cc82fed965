/** Two versions of a sector row by row, eight bytes a row: the rows around the first differences and around a tear. */
import assert from 'node:assert/strict'
import { SECTOR_BYTES } from '../units.ts'

/** As wide as most fields of a stamp. */
export const ROW_BYTES = 8
/** Differing rows shown from the first on. */
const DIFFERING_ROWS_MAX = 8
/** Equal rows shown ahead of a place that is shown, and behind it. */
const CONTEXT_ROWS = 1

export type ByteRow =
  | {
      readonly kind: 'bytes'
      readonly offset: number
      readonly expected: readonly number[]
      readonly found: readonly number[]
      readonly differs: readonly boolean[]
    }
  /** Rows left out: so many, of which so many differ. */
  | { readonly kind: 'gap'; readonly rows: number; readonly differing: number }

export interface ByteRows {
  readonly rows: readonly ByteRow[]
  readonly differingBytes: number
  readonly firstDifference?: number
}

/** Compares a sector with what it should be; `tearAt` is a byte whose rows are to be seen whatever they hold. */
export function byteRows(expected: Uint8Array, found: Uint8Array, tearAt?: number): ByteRows {
  assert(expected.length === SECTOR_BYTES && found.length === SECTOR_BYTES, 'a sector is compared with a sector')
  const all = Array.from({ length: SECTOR_BYTES / ROW_BYTES }, (_, row) => rowAt(expected, found, row * ROW_BYTES))
  const differing = all.flatMap(({ differs }, row) => (differs.includes(true) ? [row] : []))
  const shown = new Set<number>()
  const show = (row: number): void => {
    for (let near = row - CONTEXT_ROWS; near <= row + CONTEXT_ROWS; near++)
      if (near >= 0 && near < all.length) shown.add(near)
  }
  for (const row of differing.slice(0, DIFFERING_ROWS_MAX)) show(row)
  if (tearAt !== undefined) for (const byte of [tearAt - 1, tearAt]) show(Math.floor(byte / ROW_BYTES))
  const firstDifference = expected.findIndex((byte, i) => byte !== found[i])
  return {
    rows: withGaps(all, shown),
    differingBytes: all.reduce((sum, { differs }) => sum + differs.filter(Boolean).length, 0),
    ...(firstDifference < 0 ? {} : { firstDifference }),
  }
}

function rowAt(expected: Uint8Array, found: Uint8Array, offset: number): ByteRow & { kind: 'bytes' } {
  const part = (bytes: Uint8Array): number[] => [...bytes.subarray(offset, offset + ROW_BYTES)]
  const [left, right] = [part(expected), part(found)]
  return { kind: 'bytes', offset, expected: left, found: right, differs: left.map((byte, i) => byte !== right[i]) }
}

function withGaps(all: readonly (ByteRow & { kind: 'bytes' })[], shown: ReadonlySet<number>): readonly ByteRow[] {
  const rows: ByteRow[] = []
  for (const [i, row] of all.entries()) {
    if (shown.has(i)) {
      rows.push(row)
      continue
    }
    const last = rows.at(-1)
    const differing = row.differs.includes(true) ? 1 : 0
    if (last?.kind === 'gap')
      rows[rows.length - 1] = { kind: 'gap', rows: last.rows + 1, differing: last.differing + differing }
    else rows.push({ kind: 'gap', rows: 1, differing })
  }
  return rows
}
