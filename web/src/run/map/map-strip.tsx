/** The strip as a control of the pointer: pressing and dragging shows that part of the target in the map. */
import type { ComponentChild } from 'preact'
import { useCallback, useMemo, useRef } from 'preact/hooks'
import { type Place, scaleAt, type World } from '../../../../src/core/map/navigation.ts'
import { topWith } from '../../../../src/core/map/viewport.ts'
import { useThemeColour } from '../theme-colour.ts'
import type { MapData } from './map-data.ts'
import { foundShares, paintStrip } from './strip.ts'
import { useDrawing } from './use-canvas.ts'

const HEIGHT = 44
const PARTS = 512

export interface MapStripProps {
  readonly map: MapData
  readonly world: World
  readonly place: Place
  readonly width: number
  readonly change: (next: (before: Place) => Place) => void
}

export function MapStrip({ map, world, place, width, change }: MapStripProps): ComponentChild {
  const canvas = useRef<HTMLCanvasElement>(null)
  const colour = useThemeColour()
  const shares = useMemo(() => foundShares(map.states, PARTS), [map.states])
  const scale = scaleAt(world, place.step)
  const draw = useCallback(
    (context: CanvasRenderingContext2D) =>
      paintStrip(context, map, shares, { scale, top: place.top, height: world.height }, colour),
    [map, shares, scale, place.top, world.height, colour],
  )
  useDrawing(canvas, { width, height: HEIGHT }, draw, 'map-strip-frame')
  const jump = (event: PointerEvent): void => {
    if (event.buttons === 0 || !(event.currentTarget instanceof HTMLElement)) return
    const { left, width: across } = event.currentTarget.getBoundingClientRect()
    const share = Math.max(0, Math.min(0.999_999, (event.clientX - left) / across))
    const block = Math.floor(share * map.blocks)
    change((before) => ({
      ...before,
      top: topWith(block, world.height / 2, map.blocks, scaleAt(world, before.step), world.height),
    }))
  }
  return (
    <div class="map-strip" aria-hidden="true">
      <canvas
        ref={canvas}
        style={{ width: `${width}px`, height: `${HEIGHT}px` }}
        title="The whole region, with how many blocks of each part have findings; the frame is what the map shows"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId)
          jump(event)
        }}
        onPointerMove={jump}
      />
    </div>
  )
}
