/** The keys of the map: they move a cursor and say where it is; Tab goes from finding to finding, until Escape lets it leave. */
import { useRef } from 'preact/hooks'
import { afterKey, movedTo, type Place, scaleAt, type World } from '../../../../src/core/map/navigation.ts'
import { cellOfBlock } from '../../../../src/core/map/viewport.ts'
import { announce } from '../../announce.ts'
import { type MapData, nextFound } from './map-data.ts'
import { cellFacts, cellLines } from './words.ts'

export interface MapKeys {
  readonly onKey: (event: KeyboardEvent) => void
  /** Shows a place and says what is at its cursor. */
  readonly go: (next: Place) => void
  /** To the next finding, or the one before; false where there is none. */
  readonly toFinding: (by: 1 | -1) => boolean
}

export interface MapControl {
  readonly map: MapData
  readonly world: World
  readonly place: Place
  readonly change: (next: Place) => void
  readonly select: (block: number | undefined) => void
}

export function useMapKeys({ map, world, place, change, select }: MapControl): MapKeys {
  const leavingRef = useRef(false)
  const go = (next: Place): void => {
    change(next)
    if (next.cursor === undefined) return
    const cell = cellOfBlock(next.cursor, map.blocks, scaleAt(world, next.step))
    announce(cellLines(map, cellFacts(map, cell)).toReversed().join(', '))
  }
  const toFinding = (by: 1 | -1): boolean => {
    const found = nextFound(map.states, place.cursor ?? (by === 1 ? -1 : map.blocks), by)
    if (found === undefined) return false
    go(movedTo(place, found, world))
    select(found)
    return true
  }
  const onTab = (by: 1 | -1): boolean => {
    const stays = !leavingRef.current && toFinding(by)
    if (!stays) leavingRef.current = false
    return stays
  }
  const isTaken = (event: KeyboardEvent): boolean => {
    switch (event.key) {
      case 'Escape':
        leavingRef.current = true
        announce('Tab leaves the map')
        return true
      case 'Tab':
        return onTab(event.shiftKey ? -1 : 1)
      case 'n':
        return toFinding(1)
      case 'p':
        return toFinding(-1)
      case 'Enter':
      case ' ':
        select(place.cursor)
        return place.cursor !== undefined
      default: {
        const next = afterKey(place, event.key, world)
        if (next !== undefined) go(next)
        return next !== undefined
      }
    }
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (isTaken(event)) event.preventDefault()
  }
  return { onKey, go, toFinding }
}
