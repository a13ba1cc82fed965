/** The strip as a picture: the worse a cycle, the taller its cell, so that colour is not needed to read it. */
import { type Cycle, type CycleState, stateOf } from '../../../src/core/campaign/cycles.ts'
import type { ThemeColour } from '../components/chart.tsx'
import { placeOf, type StripLayout } from './strip-layout.ts'

/** Share of the cell's height. */
export const HEIGHTS: Readonly<Record<CycleState, number>> = {
  violation: 1,
  hazard: 0.65,
  held: 0.35,
  inconclusive: 0.65,
  none: 0.12,
}

const COLOURS: Readonly<Record<CycleState, string>> = {
  violation: '--violation-mark',
  hazard: '--hazard-mark',
  held: '--held-mark',
  inconclusive: '--inconclusive-mark',
  none: '--edge',
}

export function drawStrip(
  canvas: HTMLCanvasElement,
  cycles: readonly Cycle[],
  layout: StripLayout,
  colour: ThemeColour,
): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const scale = devicePixelRatio
  const width = layout.columns * layout.pitchX
  const height = layout.rows * layout.pitchY
  canvas.width = Math.ceil(width * scale)
  canvas.height = Math.ceil(height * scale)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  context.setTransform(scale, 0, 0, scale, 0, 0)
  const colours = new Map(Object.entries(COLOURS).map(([state, property]) => [state, colour(property)]))
  const ground = colour('--raised')
  for (const [index, cycle] of cycles.entries()) {
    const state = stateOf(cycle)
    const { x, y } = placeOf(layout, index)
    drawCell(
      context,
      { x, y, width: layout.pitchX - 1, height: layout.pitchY - 3 },
      state,
      colours.get(state) ?? '',
      ground,
    )
  }
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** An inconclusive one is hollow: what it would have shown is not known. */
function drawCell(
  context: CanvasRenderingContext2D,
  { x, y, width, height }: Box,
  state: CycleState,
  colour: string,
  ground: string,
): void {
  context.fillStyle = ground
  context.fillRect(x, y, width, height)
  const tall = Math.max(1.5, height * HEIGHTS[state])
  if (state === 'inconclusive') {
    context.strokeStyle = colour
    context.lineWidth = 1
    context.strokeRect(x + 0.5, y + height - tall + 0.5, width - 1, tall - 1)
    return
  }
  context.fillStyle = colour
  context.fillRect(x, y + height - tall, width, tall)
}
