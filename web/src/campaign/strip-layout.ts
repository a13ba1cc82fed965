/** Where the cells of the strip lie: rows from the left to the right, from the top to the bottom, in the order of time. */
export interface StripLayout {
  /** From one cell to the next, in CSS pixels. */
  readonly pitchX: number
  readonly pitchY: number
  readonly columns: number
  readonly rows: number
}

/** From large to small. */
const SIZES = [
  { pitchX: 18, pitchY: 30 },
  { pitchX: 13, pitchY: 22 },
  { pitchX: 9, pitchY: 15 },
  { pitchX: 5, pitchY: 9 },
] as const

/** The strip should leave room for what stands above and below it. */
const HEIGHT_MAX = 300

/** As large as fits; so many that nothing does become as many rows as they need. */
export function layoutOf(count: number, width: number): StripLayout {
  const layouts = SIZES.map(({ pitchX, pitchY }) => {
    const columns = Math.max(1, Math.floor(width / pitchX))
    return { pitchX, pitchY, columns, rows: Math.ceil(count / columns) }
  })
  const smallest = layouts.at(-1) ?? { pitchX: 5, pitchY: 9, columns: 1, rows: count }
  return layouts.find(({ rows, pitchY }) => rows * pitchY <= HEIGHT_MAX) ?? smallest
}

export const placeOf = (
  { pitchX, pitchY, columns }: StripLayout,
  index: number,
): { readonly x: number; readonly y: number } => ({
  x: (index % columns) * pitchX,
  y: Math.floor(index / columns) * pitchY,
})

/** The cell at that point, `undefined` where there is none. */
export function cellAt(
  { pitchX, pitchY, columns }: StripLayout,
  count: number,
  x: number,
  y: number,
): number | undefined {
  const column = Math.floor(x / pitchX)
  const index = Math.floor(y / pitchY) * columns + column
  return column < 0 || column >= columns || index < 0 || index >= count ? undefined : index
}

/** Where a key leads from a cell; `undefined` where the key is none of the strip's. */
export function movedBy(key: string, index: number, count: number, { columns }: StripLayout): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns,
    ArrowDown: index + columns,
    Home: 0,
    End: count - 1,
    PageUp: index - columns * 5,
    PageDown: index + columns * 5,
  }
  const to = steps[key]
  return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to))
}
