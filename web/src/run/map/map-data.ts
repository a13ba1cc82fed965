/** A map as the collector sends it, one byte a block, made ready for every zoom: asked for once, drawn many times. */
import { useEffect, useState } from 'preact/hooks'
import { foundCode } from '../../../../src/core/map/block-state.ts'
import type { BlockGrid } from '../../../../src/core/map/block-map.ts'
import type { MapGaps } from '../../../../src/core/map/map-gaps.ts'
import { Pyramid } from '../../../../src/core/map/pyramid.ts'
import { askToSignIn, refusalOf, type Refusal } from '../../api.ts'
import { addressOf } from '../../base.ts'

export interface MapData extends BlockGrid, MapGaps {
  readonly states: Uint8Array
  readonly pyramid: Pyramid
  /** Blocks of each state, by its byte. */
  readonly counts: Float64Array
  /** Writes that touch each block, 255 for that many or more; comes after the rest. */
  readonly writes?: Uint8Array
}

export type LoadedMap =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly refusal: Refusal; readonly retry: () => void }
  | { readonly kind: 'ready'; readonly map: MapData }

const OFFLINE: Refusal = {
  code: 'OFFLINE',
  message: 'the collector does not answer; see whether it still runs, then try again',
  status: 0,
}

/** `version` changes whenever the map can have changed. */
export function useMap(run: string, version: string): LoadedMap {
  const [loaded, setLoaded] = useState<LoadedMap>({ kind: 'loading' })
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const abort = new AbortController()
    const retry = (): void => setAttempt((count) => count + 1)
    load(run, abort.signal, setLoaded, retry).catch((error: unknown) => {
      if (!abort.signal.aborted) setLoaded({ kind: 'failed', refusal: OFFLINE, retry })
      if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error
    })
    return () => abort.abort()
  }, [run, version, attempt])
  return loaded
}

async function load(
  run: string,
  signal: AbortSignal,
  tell: (loaded: LoadedMap) => void,
  retry: () => void,
): Promise<void> {
  const states = await plane(run, 'states', signal)
  if (states.kind === 'refused') return tell({ kind: 'failed', refusal: states.refusal, retry })
  const map = mapOf(states.grid, states.bytes)
  tell({ kind: 'ready', map })
  const writes = await plane(run, 'writes', signal)
  if (writes.kind === 'ok') tell({ kind: 'ready', map: { ...map, writes: writes.bytes } })
}

type PlaneAnswer =
  | { readonly kind: 'ok'; readonly grid: BlockGrid & MapGaps; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

async function plane(run: string, name: 'states' | 'writes', signal: AbortSignal): Promise<PlaneAnswer> {
  const response = await fetch(addressOf(`/v1/runs/${encodeURIComponent(run)}/map?plane=${name}`), {
    headers: { accept: 'application/octet-stream' },
    credentials: 'same-origin',
    signal,
  })
  if (!response.ok) {
    const refusal = await refusalOf(response)
    if (refusal.status === 401) askToSignIn()
    return { kind: 'refused', refusal }
  }
  const grid: BlockGrid & MapGaps = JSON.parse(response.headers.get('plugpull-map') ?? '{}')
  return { kind: 'ok', grid, bytes: new Uint8Array(await response.arrayBuffer()) }
}

function mapOf(grid: BlockGrid & MapGaps, states: Uint8Array): MapData {
  performance.mark('map-ready-start')
  const counts = new Float64Array(256)
  for (let i = 0; i < states.length; i++) {
    const state = states[i] ?? 0
    counts[state] = (counts[state] ?? 0) + 1
  }
  const map = { ...grid, states, pyramid: new Pyramid(states), counts }
  performance.measure('map-ready', 'map-ready-start')
  return map
}

/** The next block with a finding after `from` (`by` 1) or before it (`by` -1), or `undefined`. */
export function nextFound(states: Uint8Array, from: number, by: 1 | -1): number | undefined {
  for (let block = from + by; block >= 0 && block < states.length; block += by)
    if (foundCode(states[block] ?? 0) > 0) return block
  return undefined
}
