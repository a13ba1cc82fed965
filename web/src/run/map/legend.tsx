/** What the colours and patterns mean, with how many blocks have each: only of states that occur. */
import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { foundCode, lifeOf, stateByte } from '../../../../src/core/map/block-state.ts'
import { counted } from '../../../../src/core/size.ts'
import { useThemeColour } from '../theme-colour.ts'
import type { MapData } from './map-data.ts'
import { isInk, LEGEND_STATES, styleOf } from './palette.ts'
import { stateMeaning, stateName } from './words.ts'

/** Blocks whose picture is that of the state: a finding whatever the life beneath it. */
export function blocksOf({ counts }: Pick<MapData, 'counts'>, state: number): number {
  const code = foundCode(state)
  let sum = 0
  for (let other = 0; other < counts.length; other++)
    if (foundCode(other) === code && (code > 0 || lifeOf(other) === lifeOf(state))) sum += counts[other] ?? 0
  return sum
}

/** Of each state that occurs, worst first. */
export const shownStates = (map: Pick<MapData, 'counts'>): readonly { state: number; blocks: number }[] =>
  LEGEND_STATES.map((state) => ({ state, blocks: blocksOf(map, state) })).filter(
    ({ state, blocks }) => blocks > 0 || state === stateByte('untouched'),
  )

export function Legend({ map }: { readonly map: MapData }): ComponentChild {
  return (
    <ul class="map-legend" aria-label="Legend, in blocks">
      {shownStates(map).map(({ state, blocks }) => (
        <li key={state} title={stateMeaning(state)}>
          <Swatch state={state} />
          <span>{stateName(state)}</span>
          <span class="muted">{counted(blocks, 'block')}</span>
        </li>
      ))}
    </ul>
  )
}

const SWATCH = 18

export function Swatch({ state }: { readonly state: number }): ComponentChild {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colour = useThemeColour()
  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    if (context === null || context === undefined) return
    const { base, ink, pattern } = styleOf(state)
    context.fillStyle = colour(base)
    context.fillRect(0, 0, SWATCH, SWATCH)
    context.fillStyle = colour(ink)
    for (let y = 0; y < SWATCH; y++)
      for (let x = 0; x < SWATCH; x++) if (isInk(pattern, x, y)) context.fillRect(x, y, 1, 1)
  }, [state, colour])
  return <canvas ref={canvas} class="swatch" width={SWATCH} height={SWATCH} aria-hidden="true" />
}
