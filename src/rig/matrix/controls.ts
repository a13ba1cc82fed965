/**
 * The liars of a matrix. A liar depends on the rig that lies, the image and the workload, not on the cache mode or cut of the cell
 * that it vouches for; so one liar vouches for all cells that would have the same.
 */
import { isDeepStrictEqual } from 'node:util'
import type { LoopConfig } from '../loop-options.ts'
import { controlOf } from '../loop-options.ts'
import type { CellConfig } from './options.ts'
import type { ControlRecord } from './record.ts'

/** How the liar is named in the state and beside the cells. */
export const controlKey = ({ rig, image, cache, cut, fault }: LoopConfig): string =>
  [rig.name, image, cache, cut, ...(fault === undefined ? [] : [fault])].join('/')

/** The liars that the cells need, each once; none for a rig that cannot be told to lie. */
export function liarsOf(cells: readonly CellConfig[], name: string): ReadonlyMap<string, LoopConfig> {
  const liars = new Map<string, LoopConfig>()
  for (const { config } of cells) {
    if (config.rig.positiveControl === undefined) continue
    const liar = controlOf(config)
    const key = controlKey(liar)
    liars.set(key, { ...liar, campaign: `${name}-control-${key.replaceAll('/', '-')}` })
  }
  return liars
}

/** The liar's cycles on a host like this one. A catch under other versions says nothing of those that run now. */
export const triesOn = (host: ControlRecord['host'], records: readonly ControlRecord[]): readonly ControlRecord[] =>
  host === undefined ? [] : records.filter((record) => isDeepStrictEqual(record.host, host))

/** The liar's cycles that count: those on the host of the last one. */
export function triesThatCount(records: readonly ControlRecord[]): readonly ControlRecord[] {
  const host = records.at(-1)?.host
  return records.filter((record) => isDeepStrictEqual(record.host, host))
}
