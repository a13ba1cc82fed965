/** The strip over the map: the whole region from left to right, the worst state of each part, how many blocks of it have findings, and what of it the map shows. */
import { foundCode } from '../../../../src/core/map/block-state.ts'
import { blocksOfRow, rowsShown } from '../../../../src/core/map/viewport.ts'
import type { ThemeColour } from '../../components/chart.tsx'
import type { MapData } from './map-data.ts'
import type { Sight } from './paint.ts'
import { styleOf } from './palette.ts'

/** Share of findings in each of so many parts of the region. */
export function foundShares(states: Uint8Array, parts: number): Float64Array {
  const shares = new Float64Array(parts)
  const size = states.length / parts
  for (let block = 0; block < states.length; block++)
    if (foundCode(states[block] ?? 0) > 0) {
      const part = Math.min(parts - 1, Math.floor(block / size))
      shares[part] = (shares[part] ?? 0) + 1
    }
  return shares.map((count) => count / Math.max(1, size))
}

const BAND = 0.35

export function paintStrip(
  context: CanvasRenderingContext2D,
  map: MapData,
  shares: Float64Array,
  sight: Sight & { readonly height: number },
  colour: ThemeColour,
): void {
  const { width, height } = context.canvas
  context.fillStyle = colour('--surface')
  context.fillRect(0, 0, width, height)
  const band = Math.round(height * BAND)
  const most = shares.reduce((a, b) => Math.max(a, b), 0)
  const size = map.blocks / width
  for (let x = 0; x < width; x++) {
    const from = Math.floor(x * size)
    const state = map.pyramid.worst(from, Math.max(from + 1, Math.floor((x + 1) * size)))
    context.fillStyle = colour(styleOf(state).base)
    context.fillRect(x, height - band, 1, band)
    const share = shares[Math.floor((x * shares.length) / width)] ?? 0
    if (share === 0) continue
    const bar = Math.max(1, Math.round((share / most) * (height - band - 2)))
    context.fillRect(x, height - band - 1 - bar, 1, bar)
  }
  const perRow = blocksOfRow(sight.scale)
  const left = ((sight.top * perRow) / map.blocks) * width
  const right = (Math.min(map.blocks, (sight.top + rowsShown(sight.scale, sight.height)) * perRow) / map.blocks) * width
  context.strokeStyle = colour('--ink')
  context.lineWidth = 2
  context.strokeRect(left + 1, 1, Math.max(3, right - left - 2), height - 2)
}
