/** Draws the part of a map that is to be seen, pixel by pixel: what a frame costs follows from its size, not from that of the map. */
import { cellsOf, type Scale } from '../../../../src/core/map/viewport.ts'
import type { MapData } from './map-data.ts'
import { isInk, type Palette } from './palette.ts'

/** Cells at least so high, in pixels of the screen, show their patterns. */
const PATTERN_LEAST = 4
/** Cells at least so wide are set apart by a line. */
const GAP_LEAST = 9

export interface Sight {
  readonly scale: Scale
  readonly top: number
}

/** Paints into the whole canvas; `ratio` is pixels of the screen to one of the page. */
export function paintMap(
  context: CanvasRenderingContext2D,
  map: MapData,
  { scale, top }: Sight,
  palette: Palette,
  ratio: number,
): void {
  const { width, height } = context.canvas
  const image = context.createImageData(width, height)
  const pixels = new Uint32Array(image.data.buffer)
  const columnAt = columnsOf(width, scale, ratio)
  const cells = cellsOf(map.blocks, scale)
  const states = map.pyramid.levels[scale.level] ?? map.states
  const cellHeight = scale.cellHeight * ratio
  const hasPatterns = Math.min(scale.cellWidth * ratio, cellHeight) >= PATTERN_LEAST
  const hasGaps = scale.cellWidth * ratio >= GAP_LEAST
  for (let y = 0; y < height; y++) {
    const row = top + Math.floor(y / cellHeight)
    const isGapRow = hasGaps && Math.floor((y + 1) / cellHeight) + top !== row
    const first = row * scale.columns
    const line = pixels.subarray(y * width, (y + 1) * width)
    if (first >= cells || isGapRow) {
      line.fill(palette.outside)
      continue
    }
    if (!hasPatterns && y > 0 && top + Math.floor((y - 1) / cellHeight) === row) {
      line.set(pixels.subarray((y - 1) * width, y * width))
      continue
    }
    paintLine({ line, y, first, cells, states, columnAt, palette, hasPatterns, hasGaps })
  }
  context.putImageData(image, 0, 0)
}

interface Line {
  readonly line: Uint32Array
  readonly y: number
  readonly first: number
  readonly cells: number
  readonly states: Uint8Array
  readonly columnAt: Uint16Array
  readonly palette: Palette
  readonly hasPatterns: boolean
  readonly hasGaps: boolean
}

function paintLine({ line, y, first, cells, states, columnAt, palette, hasPatterns, hasGaps }: Line): void {
  const { base, ink, patterns, outside } = palette
  for (let x = 0; x < line.length; x++) {
    const column = columnAt[x] ?? 0
    const cell = first + column
    if (cell >= cells || (hasGaps && columnAt[x + 1] !== column)) {
      line[x] = outside
      continue
    }
    const state = states[cell] ?? 0
    const marked = hasPatterns && isInk(patterns[state] ?? 'none', x, y)
    line[x] = (marked ? ink[state] : base[state]) ?? 0
  }
}

/** The column that each pixel of a line lies in. */
function columnsOf(width: number, scale: Scale, ratio: number): Uint16Array {
  const columns = new Uint16Array(width)
  const cellWidth = scale.cellWidth * ratio
  for (let x = 0; x < width; x++) columns[x] = Math.min(scale.columns - 1, Math.floor(x / cellWidth))
  return columns
}
