/** Moving about a map: zoom, scrolling and a cursor, as pure steps from place to place; keys and pointers are the page's. */
import { blocksOfRow, clampedTop, rowOfBlock, rowsShown, type Scale, topToSee, topWith } from './viewport.ts'

export interface Place {
  /** Index of the scale. */
  readonly step: number
  /** First row that is shown. */
  readonly top: number
  /** The block that keys act on. */
  readonly cursor?: number
}

export interface World {
  readonly blocks: number
  readonly scales: readonly Scale[]
  /** Pixels. */
  readonly height: number
}

const ALL: Scale = { level: 0, columns: 16, cellWidth: 1, cellHeight: 1 }

export const scaleAt = ({ scales }: World, step: number): Scale => scales[step] ?? scales[0] ?? ALL

const clampedStep = (step: number, { scales }: World): number => Math.max(0, Math.min(scales.length - 1, step))

/** Keeps `anchor` where it is on the screen: a block, and its height in pixels. By itself the cursor, or the middle. */
export function zoomed(
  place: Place,
  by: number,
  world: World,
  anchor: { readonly block: number; readonly y: number } = anchorOf(place, world),
): Place {
  const step = clampedStep(place.step + by, world)
  const scale = scaleAt(world, step)
  return { ...place, step, top: topWith(anchor.block, anchor.y, world.blocks, scale, world.height) }
}

function anchorOf({ step, top, cursor }: Place, world: World): { readonly block: number; readonly y: number } {
  const scale = scaleAt(world, step)
  const row = cursor === undefined ? -1 : rowOfBlock(cursor, scale)
  const shown = rowsShown(scale, world.height)
  if (cursor !== undefined && row >= top && row < top + shown)
    return { block: cursor, y: (row - top + 0.5) * scale.cellHeight }
  const middle = Math.floor(shown / 2)
  return { block: Math.min(world.blocks - 1, (top + middle) * blocksOfRow(scale)), y: middle * scale.cellHeight }
}

export function scrolled(place: Place, rows: number, world: World): Place {
  const scale = scaleAt(world, place.step)
  return { ...place, top: clampedTop(place.top + rows, world.blocks, scale, world.height) }
}

/** The cursor at that block, and in sight. */
export function movedTo(place: Place, block: number, world: World): Place {
  const cursor = Math.max(0, Math.min(world.blocks - 1, block))
  const scale = scaleAt(world, place.step)
  return { ...place, cursor, top: topToSee(cursor, place.top, world.blocks, scale, world.height) }
}

/** The place after a key, or `undefined` where it is none of the map's. */
export function afterKey(place: Place, key: string, world: World): Place | undefined {
  const zoom = ZOOM_KEYS.get(key)
  if (zoom !== undefined) return zoomed(place, zoom, world)
  const scale = scaleAt(world, place.step)
  const cell = 2 ** scale.level
  const row = blocksOfRow(scale)
  const page = row * Math.max(1, rowsShown(scale, world.height) - 1)
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -cell,
    ArrowRight: cell,
    ArrowUp: -row,
    ArrowDown: row,
    PageUp: -page,
    PageDown: page,
  }
  const by = steps[key]
  const from = place.cursor ?? place.top * row
  if (by !== undefined) return movedTo(place, place.cursor === undefined ? from : from + by, world)
  if (key === 'Home') return movedTo(place, 0, world)
  return key === 'End' ? movedTo(place, world.blocks - 1, world) : undefined
}

const ZOOM_KEYS: ReadonlyMap<string, number> = new Map([
  ['+', 1],
  ['=', 1],
  ['-', -1],
  ['_', -1],
  ['0', -100],
])

/** The place of a shared address: blocks of a row, first block, cursor; a screen of another size comes as near as it can. */
export function placeFrom(
  wanted: { readonly row?: number; readonly from?: number; readonly at?: number },
  world: World,
): Place {
  const { row, from, at } = wanted
  const found = row === undefined ? 0 : world.scales.findIndex((scale) => blocksOfRow(scale) <= row)
  const step = found < 0 ? world.scales.length - 1 : found
  const scale = scaleAt(world, step)
  const cursor = at === undefined ? {} : { cursor: Math.max(0, Math.min(world.blocks - 1, at)) }
  const first =
    from ??
    (at === undefined ? 0 : Math.max(0, at - blocksOfRow(scale) * Math.floor(rowsShown(scale, world.height) / 2)))
  return { step, top: clampedTop(rowOfBlock(first, scale), world.blocks, scale, world.height), ...cursor }
}
