/** Draws the part of a map that is to be seen, pixel by pixel: what a frame costs follows from its size, not from that of the map. */
import { cellsOf, type Scale } from '../../../../src/core/map/viewport.ts'
import type { MapData } from './map-data.ts'
import { type Palette, TILE } from './palette.ts'

/** Cells at least so high, in pixels of the screen, show their patterns. */
const PATTERN_LEAST = 4
/** Cells at least so wide are set apart by a line. */
const GAP_LEAST = 9

export interface Sight {
  readonly scale: Scale
  readonly top: number
}

/** One image for all frames of a size: to make one anew costs more than to fill it. */
const images = new WeakMap<HTMLCanvasElement, ImageData>()

function imageFor(context: CanvasRenderingContext2D): ImageData {
  const { canvas } = context
  const known = images.get(canvas)
  if (known !== undefined && known.width === canvas.width && known.height === canvas.height) return known
  const image = context.createImageData(canvas.width, canvas.height)
  images.set(canvas, image)
  return image
}

/** Paints into the whole canvas; `ratio` is pixels of the screen to one of the page. */
export function paintMap(
  context: CanvasRenderingContext2D,
  map: MapData,
  { scale, top }: Sight,
  palette: Palette,
  ratio: number,
): void {
  const image = imageFor(context)
  const { width, height } = image
  const pixels = new Uint32Array(image.data.buffer)
  const cellHeight = scale.cellHeight * ratio
  const hasPatterns = Math.min(scale.cellWidth * ratio, cellHeight) >= PATTERN_LEAST
  const hasGaps = scale.cellWidth * ratio >= GAP_LEAST
  const lines: Lines = {
    columnAt: columnsOf(width, scale, ratio),
    cells: cellsOf(map.blocks, scale),
    states: map.pyramid.levels[scale.level] ?? map.states,
    palette,
    hasPatterns,
    hasGaps,
  }
  /** A line looks like the one so many above it in the same row of cells. */
  const period = hasPatterns ? TILE : 1
  const rowAt = (y: number): number => top + Math.floor(y / cellHeight)
  for (let y = 0; y < height; y++) {
    const row = rowAt(y)
    const line = pixels.subarray(y * width, (y + 1) * width)
    if (row * scale.columns >= lines.cells || (hasGaps && rowAt(y + 1) !== row)) line.fill(palette.outside)
    else if (y >= period && rowAt(y - period) === row)
      line.set(pixels.subarray((y - period) * width, (y - period + 1) * width))
    else paintLine(line, y, row * scale.columns, lines)
  }
  context.putImageData(image, 0, 0)
}

interface Lines {
  readonly columnAt: Uint16Array
  readonly cells: number
  readonly states: Uint8Array
  readonly palette: Palette
  readonly hasPatterns: boolean
  readonly hasGaps: boolean
}

function paintLine(line: Uint32Array, y: number, first: number, lines: Lines): void {
  const { columnAt, cells, states, palette, hasPatterns, hasGaps } = lines
  const { base, tiles, outside } = palette
  const tileLine = (y % TILE) * TILE
  for (let x = 0; x < line.length; x++) {
    const column = columnAt[x] ?? 0
    const cell = first + column
    if (cell >= cells || (hasGaps && columnAt[x + 1] !== column)) {
      line[x] = outside
      continue
    }
    const state = states[cell] ?? 0
    line[x] = (hasPatterns ? tiles[state * TILE * TILE + tileLine + (x % TILE)] : base[state]) ?? 0
  }
}

/** The column that each pixel of a line lies in. */
function columnsOf(width: number, scale: Scale, ratio: number): Uint16Array {
  const columns = new Uint16Array(width)
  const cellWidth = scale.cellWidth * ratio
  for (let x = 0; x < width; x++) columns[x] = Math.min(scale.columns - 1, Math.floor(x / cellWidth))
  return columns
}
