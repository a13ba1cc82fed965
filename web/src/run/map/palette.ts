/**
 * What each state of a block looks like: a colour of the theme to stand on, and a pattern in another one, so that states
 * differ to those who do not see the colours. Life is told by calm colours, findings by strong ones.
 */
import { foundCode, foundOf, lifeOf, LIVES, stateByte } from '../../../../src/core/map/block-state.ts'
import type { ThemeColour } from '../../components/chart.tsx'

export type Pattern = 'none' | 'rising' | 'falling' | 'lines' | 'bars' | 'dots' | 'cross'

export interface Style {
  /** Custom properties. */
  readonly base: string
  readonly ink: string
  readonly pattern: Pattern
}

const LIFE_STYLES: Readonly<Record<(typeof LIVES)[number], Style>> = {
  untouched: { base: '--map-untouched', ink: '--map-untouched', pattern: 'none' },
  stable: { base: '--map-stable', ink: '--map-stable', pattern: 'none' },
  superseded: { base: '--map-stable', ink: '--map-risk', pattern: 'rising' },
  'at-risk': { base: '--map-risk', ink: '--map-risk-ink', pattern: 'rising' },
  announced: { base: '--map-untouched', ink: '--map-flight', pattern: 'dots' },
  'in-flight': { base: '--map-flight', ink: '--map-flight-ink', pattern: 'dots' },
}

const FOUND_PATTERNS = { lost: 'none', torn: 'falling', reordered: 'lines', other: 'cross' } as const

export function styleOf(state: number): Style {
  const found = foundOf(foundCode(state))
  if (found === undefined) return LIFE_STYLES[lifeOf(state)]
  const severe = found.severity === 'violation'
  return {
    base: severe ? '--map-violation' : '--map-hazard',
    ink: severe ? '--map-violation-ink' : '--map-hazard-ink',
    pattern: FOUND_PATTERNS[found.kind],
  }
}

/** Whether a pixel of the screen belongs to the pattern. Six pixels, then again. */
export function isInk(pattern: Pattern, x: number, y: number): boolean {
  switch (pattern) {
    case 'none':
      return false
    case 'rising':
      return (x + y) % 6 < 2
    case 'falling':
      return (x - y + 6000) % 6 < 2
    case 'lines':
      return y % 6 < 2
    case 'bars':
      return x % 6 < 2
    case 'dots':
      return x % 6 < 2 && y % 6 < 2
    case 'cross':
      return (x + y) % 6 < 2 || (x - y + 6000) % 6 < 2
  }
}

/** Patterns repeat after so many pixels, across and down. */
export const TILE = 6

/** What each state byte looks like as pixels of an ImageData. */
export interface Palette {
  readonly base: Uint32Array
  /** Of each state its pattern, a tile of 6 by 6 pixels, line by line. */
  readonly tiles: Uint32Array
  readonly outside: number
}

export function paletteOf(colour: ThemeColour): Palette {
  const pixel = pixelReader()
  const base = new Uint32Array(256)
  const tiles = new Uint32Array(256 * TILE * TILE)
  for (let state = 0; state < 256; state++) {
    const style = styleOf(state)
    const ground = pixel(colour(style.base))
    const ink = pixel(colour(style.ink))
    base[state] = ground
    for (let i = 0; i < TILE * TILE; i++)
      tiles[state * TILE * TILE + i] = isInk(style.pattern, i % TILE, Math.floor(i / TILE)) ? ink : ground
  }
  return { base, tiles, outside: pixel(colour('--surface')) }
}

/** Reads a CSS colour as one number, in the order of this machine's bytes. */
function pixelReader(): (colour: string) => number {
  const canvas = document.createElement('canvas')
  canvas.width = 1
  canvas.height = 1
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const known = new Map<string, number>()
  return (colour) => {
    const there = known.get(colour)
    if (there !== undefined || context === null) return there ?? 0
    context.fillStyle = colour
    context.fillRect(0, 0, 1, 1)
    const pixel = new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0] ?? 0
    known.set(colour, pixel)
    return pixel
  }
}

/** States that the legend tells of, worst first. */
export const LEGEND_STATES: readonly number[] = [
  ...[8, 7, 6, 5, 4, 3, 2, 1].map((code) => stateByte('untouched', code)),
  ...LIVES.toReversed().map((life) => stateByte(life)),
]
