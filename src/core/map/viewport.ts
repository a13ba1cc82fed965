/**
 * What part of a map is to be seen, and where: row-major, with the address growing to the right and then down, as a
 * hex dump has it. A row is a power of two of blocks, so that rows begin at round addresses; each step of zoom halves or doubles.
 */
export interface Size {
  readonly width: number
  readonly height: number
}

/** One step of zoom. Sizes in pixels. */
export interface Scale {
  /** A cell stands for 2^level blocks. */
  readonly level: number
  readonly columns: number
  readonly cellWidth: number
  readonly cellHeight: number
}

const COLUMNS_LEAST = 16
const COLUMNS_MOST = 2048
const CELL_HEIGHT_MOST = 24

/** Steps from the one that shows all to the closest, for a map of so many blocks. */
export function scalesOf(blocks: number, { width, height }: Size): readonly Scale[] {
  const finest = Math.min(COLUMNS_MOST, Math.max(COLUMNS_LEAST, 2 ** Math.floor(Math.log2(Math.max(1, width)))))
  const scales: Scale[] = []
  for (let columns = COLUMNS_LEAST; columns <= finest; columns *= 2) {
    scales.unshift(scaleOf(0, columns, width))
    if (fits(blocks, scaleOf(0, columns, width), height)) return scales
  }
  for (let level = 1; 2 ** (level - 1) < blocks; level++) {
    scales.unshift(scaleOf(level, finest, width))
    if (fits(blocks, scaleOf(level, finest, width), height)) break
  }
  return scales
}

function scaleOf(level: number, columns: number, width: number): Scale {
  const cellWidth = width / columns
  return { level, columns, cellWidth, cellHeight: Math.max(1, Math.min(cellWidth, CELL_HEIGHT_MOST)) }
}

const fits = (blocks: number, scale: Scale, height: number): boolean =>
  rowsOf(blocks, scale) * scale.cellHeight <= height + 1

export const cellsOf = (blocks: number, { level }: Scale): number => Math.ceil(blocks / 2 ** level)
export const rowsOf = (blocks: number, scale: Scale): number => Math.ceil(cellsOf(blocks, scale) / scale.columns)
export const blocksOfRow = ({ level, columns }: Scale): number => columns * 2 ** level
export const rowOfBlock = (block: number, scale: Scale): number => Math.floor(block / blocksOfRow(scale))

/** Rows that are to be seen at once. */
export const rowsShown = (scale: Scale, height: number): number => Math.max(1, Math.floor(height / scale.cellHeight))

/** A first row such that nothing is shown beyond the ends. */
export function clampedTop(top: number, blocks: number, scale: Scale, height: number): number {
  return Math.max(0, Math.min(Math.round(top), rowsOf(blocks, scale) - rowsShown(scale, height)))
}

/** The first row that shows the block at the height `y`, as far as the ends let it. */
export function topWith(block: number, y: number, blocks: number, scale: Scale, height: number): number {
  // A height in the last, cut-off row would put the block out of sight.
  const above = Math.min(Math.floor(y / scale.cellHeight), rowsShown(scale, height) - 1)
  return clampedTop(rowOfBlock(block, scale) - above, blocks, scale, height)
}

/** As little scrolling as brings the block into sight. */
export function topToSee(block: number, top: number, blocks: number, scale: Scale, height: number): number {
  const row = rowOfBlock(block, scale)
  const shown = rowsShown(scale, height)
  if (row < top) return clampedTop(row, blocks, scale, height)
  if (row >= top + shown) return clampedTop(row - shown + 1, blocks, scale, height)
  return clampedTop(top, blocks, scale, height)
}

/** The first block of the cell at a place, or `undefined` beside the map. */
export function blockAt(x: number, y: number, top: number, blocks: number, scale: Scale): number | undefined {
  const column = Math.floor(x / scale.cellWidth)
  if (column < 0 || column >= scale.columns || y < 0) return undefined
  const cell = (top + Math.floor(y / scale.cellHeight)) * scale.columns + column
  const block = cell * 2 ** scale.level
  return block < blocks ? block : undefined
}

/** The cell of a block: its first block, and how many it has. */
export function cellOfBlock(
  block: number,
  blocks: number,
  { level }: Scale,
): { readonly from: number; readonly to: number } {
  const from = Math.floor(block / 2 ** level) * 2 ** level
  return { from, to: Math.min(blocks, from + 2 ** level) }
}
