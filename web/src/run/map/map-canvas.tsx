/** The map itself: axis, canvas, cursor and tooltip. Where it is, is its owner's; what keys and pointers want, it says. */
import type { ComponentChild, RefObject } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { movedTo, type Place, scaleAt, scrolled, type World, zoomed } from '../../../../src/core/map/navigation.ts'
import {
  blockAt,
  blocksOfRow,
  cellOfBlock,
  rowOfBlock,
  rowsShown,
  type Scale,
} from '../../../../src/core/map/viewport.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import { useThemeColour } from '../theme-colour.ts'
import { type Gestures, NO_GESTURES } from './gestures.ts'
import { useGestures } from './use-gestures.ts'
import type { MapData } from './map-data.ts'
import { paintMap } from './paint.ts'
import { paletteOf } from './palette.ts'
import { useDrawing } from './use-canvas.ts'
import { axisText, cellFacts, cellLines, lbaOf } from './words.ts'

export interface MapCanvasProps {
  readonly map: MapData
  readonly world: World
  readonly width: number
  readonly place: Place
  readonly change: (next: Place | ((before: Place) => Place)) => void
  readonly select: (block: number) => void
  /** Whether the key was taken. */
  readonly onKey: (event: KeyboardEvent) => void
}

export function MapCanvas(props: MapCanvasProps): ComponentChild {
  const { map, world, width, place, onKey } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const colour = useThemeColour()
  const palette = useMemo(() => paletteOf(colour), [colour])
  const scale = scaleAt(world, place.step)
  const draw = useCallback(
    (context: CanvasRenderingContext2D, ratio: number) =>
      paintMap(context, map, { scale, top: place.top }, palette, ratio),
    [map, scale, place.top, palette],
  )
  useDrawing(canvas, { width, height: world.height }, draw, 'map-frame')
  const hover = useMapGestures(canvas, props)
  const shown = hover === undefined ? undefined : blockAt(hover.x, hover.y, place.top, map.blocks, scale)
  return (
    <div class="map-frame">
      <Axis map={map} scale={scale} top={place.top} height={world.height} />
      <div class="map-holder">
        <canvas
          ref={canvas}
          class={rowsShown(scale, world.height) * blocksOfRow(scale) >= map.blocks ? 'map whole' : 'map'}
          style={{ width: `${width}px`, height: `${world.height}px` }}
          tabIndex={0}
          role="application"
          aria-roledescription="block map"
          aria-label="Block map of the target"
          aria-describedby="map-summary map-keys"
          onKeyDown={onKey}
        />
        <Cursor map={map} world={world} place={place} />
        {hover === undefined || shown === undefined ? null : (
          <Tooltip
            lines={cellLines(map, cellFacts(map, cellOfBlock(shown, map.blocks, scale)))}
            x={hover.x}
            y={hover.y}
            width={width}
          />
        )}
      </div>
    </div>
  )
}

interface Point {
  readonly x: number
  readonly y: number
}

/** Where the pointer is, while it is over the map; what it does moves the map. */
function useMapGestures(
  canvas: RefObject<HTMLCanvasElement | null>,
  { map, world, change, select }: MapCanvasProps,
): Point | undefined {
  const [hover, setHover] = useState<Point>()
  const restRef = useRef(0)
  const doRef = useRef<Gestures>(NO_GESTURES)
  const at = ({ x, y }: Point, from: Place): number | undefined =>
    blockAt(x, y, from.top, map.blocks, scaleAt(world, from.step))
  const pulled = (before: Place, dy: number): Place => {
    restRef.current -= dy / scaleAt(world, before.step).cellHeight
    const rows = Math.trunc(restRef.current)
    restRef.current -= rows
    return rows === 0 ? before : scrolled(before, rows, world)
  }
  useEffect(() => {
    doRef.current = {
      hover: (x, y) => setHover({ x, y }),
      leave: () => setHover(undefined),
      click: (x, y) =>
        change((before) => {
          const block = at({ x, y }, before)
          if (block === undefined) return before
          select(block)
          return movedTo(before, block, world)
        }),
      drag: (_dx, dy) => change((before) => pulled(before, dy)),
      zoom: (by, x, y) =>
        change((before) => {
          const block = at({ x, y }, before)
          return block === undefined ? zoomed(before, by, world) : zoomed(before, by, world, { block, y })
        }),
    }
  })
  useGestures(canvas, doRef)
  return hover
}

const LABEL_EVERY = 34

function Axis({
  map,
  scale,
  top,
  height,
}: {
  readonly map: MapData
  readonly scale: Scale
  readonly top: number
  readonly height: number
}): ComponentChild {
  const rows = Math.min(rowsShown(scale, height), Math.ceil(map.blocks / blocksOfRow(scale)) - top)
  const every = Math.max(1, Math.ceil(LABEL_EVERY / scale.cellHeight))
  const first = Math.ceil(top / every) * every
  const labels: number[] = []
  for (let row = first; row < top + rows; row += every) labels.push(row)
  return (
    <div class="map-axis" aria-hidden="true" style={{ height: `${height}px` }}>
      {labels.map((row) => (
        <span key={row} style={{ top: `${(row - top) * scale.cellHeight}px` }}>
          {axisText(lbaOf(map, row * blocksOfRow(scale)) * SECTOR_BYTES, every * blocksOfRow(scale) * map.blockBytes)}
        </span>
      ))}
    </div>
  )
}

const side = (size: number): number => Math.max(size, 7) + 4

/** A frame about the cell with the cursor, wide enough to be found. */
function Cursor({
  map,
  world,
  place,
}: {
  readonly map: MapData
  readonly world: World
  readonly place: Place
}): ComponentChild {
  const { cursor, top, step } = place
  const scale = scaleAt(world, step)
  if (cursor === undefined || cursor >= map.blocks) return null
  const row = rowOfBlock(cursor, scale) - top
  if (row < 0 || row >= rowsShown(scale, world.height)) return null
  const column = Math.floor((cursor % blocksOfRow(scale)) / 2 ** scale.level)
  const width = side(scale.cellWidth)
  const height = side(scale.cellHeight)
  const left = (column + 0.5) * scale.cellWidth - width / 2
  const above = (row + 0.5) * scale.cellHeight - height / 2
  return (
    <div
      class="map-cursor"
      aria-hidden="true"
      style={{ left: `${left}px`, top: `${above}px`, width: `${width}px`, height: `${height}px` }}
    />
  )
}

const TOOLTIP_WIDTH = 290

function Tooltip({
  lines,
  x,
  y,
  width,
}: {
  readonly lines: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
}): ComponentChild {
  const left = Math.max(0, Math.min(x + 12, width - TOOLTIP_WIDTH))
  return (
    <div class="map-tooltip" aria-hidden="true" style={{ left: `${left}px`, top: `${y + 16}px` }}>
      {lines.map((line, i) => (
        <div key={line} class={i === 0 ? 'mono' : undefined}>
          {line}
        </div>
      ))}
    </div>
  )
}
