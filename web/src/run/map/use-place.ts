/** Where the map is: begins where the address says, follows the width of the window, and is kept in the address once it settles. */
import { type Dispatch, type StateUpdater, useEffect, useRef, useState } from 'preact/hooks'
import { type Place, placeFrom, scaleAt, type World } from '../../../../src/core/map/navigation.ts'
import { blocksOfRow } from '../../../../src/core/map/viewport.ts'
import { query, setQuery } from '../../router.ts'

/** An address is changed no more often: browsers limit it. */
const SETTLE_MS = 400

export function numberIn(name: string): number | undefined {
  const text = query.peek().get(name)
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

export function usePlace(world: World): [Place, Dispatch<StateUpdater<Place>>] {
  const [held, change] = useState<{ readonly place: Place; readonly world: World }>(() => ({
    place: wantedPlace(world),
    world,
  }))
  // Another width has other scales: the same part is to be seen.
  const place = held.world === world ? held.place : placeElsewhere(held.place, held.world, world)
  const changePlace: Dispatch<StateUpdater<Place>> = (next) =>
    change((before) => {
      const from = before.world === world ? before.place : placeElsewhere(before.place, before.world, world)
      return { place: typeof next === 'function' ? next(from) : next, world }
    })
  useAddress(place, world)
  return [place, changePlace]
}

function wantedPlace(world: World): Place {
  const [row, from, at] = [numberIn('zoom'), numberIn('from'), numberIn('at')]
  return placeFrom(
    {
      ...(row === undefined ? {} : { row }),
      ...(from === undefined ? {} : { from }),
      ...(at === undefined ? {} : { at }),
    },
    world,
  )
}

function placeElsewhere({ step, top, cursor }: Place, before: World, world: World): Place {
  const row = blocksOfRow(scaleAt(before, step))
  const at = cursor === undefined ? {} : { at: cursor }
  return placeFrom({ ...(step === 0 ? {} : { row }), from: top * row, ...at }, world)
}

function useAddress({ step, top, cursor }: Place, world: World): void {
  const firstRef = useRef(true)
  useEffect(() => {
    if (firstRef.current) {
      firstRef.current = false
      return
    }
    const timer = setTimeout(() => {
      const row = blocksOfRow(scaleAt(world, step))
      setQuery({
        zoom: step === 0 ? undefined : String(row),
        from: top === 0 ? undefined : String(top * row),
        at: cursor === undefined ? undefined : String(cursor),
      })
    }, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [step, top, cursor, world])
}
