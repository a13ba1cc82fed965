/** Blocks and their states in words, for tooltips, tables and screen readers. */
import {
  foundCode,
  foundOf,
  lifeOf,
  LIFE_MEANINGS,
  type BlockLife,
  type Found,
} from '../../../../src/core/map/block-state.ts'
import type { MapGaps } from '../../../../src/core/map/map-gaps.ts'
import { counted, formatBytes, formatCount } from '../../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import type { MapData } from './map-data.ts'

export const LIFE_NAMES: Readonly<Record<BlockLife, string>> = {
  untouched: 'untouched',
  stable: 'written and stable',
  superseded: 'superseded',
  'at-risk': 'written and at risk',
  announced: 'announced',
  'in-flight': 'in flight at the cut',
}

export const foundName = ({ kind, severity }: Found): string =>
  `${kind === 'other' ? 'other damage' : kind} (${severity})`

/** `lost (violation)`, or how far the write had got. */
export function stateName(state: number): string {
  const found = foundOf(foundCode(state))
  return found === undefined ? LIFE_NAMES[lifeOf(state)] : foundName(found)
}

export function stateMeaning(state: number): string {
  const found = foundOf(foundCode(state))
  return found === undefined ? LIFE_MEANINGS[lifeOf(state)] : FOUND_MEANINGS[found.kind]
}

const FOUND_MEANINGS: Readonly<Record<Found['kind'], string>> = {
  lost: 'a write that completed is not there',
  torn: 'a write is there only in part',
  reordered: 'a later write survived this one',
  other: 'misdirected, collateral, corrupt, phantom or unreadable',
}

/** What of the findings is not on the map, or not exactly: a sentence each, with a space before. */
export function gapsText({ findingsOmitted, foundGrainBytes }: MapGaps): string {
  const omitted =
    findingsOmitted === undefined
      ? ''
      : ` ${counted(findingsOmitted, 'finding')} more ${findingsOmitted === 1 ? 'is' : 'are'} not on it: the verdict does not say where.`
  const coarse =
    foundGrainBytes === undefined
      ? ''
      : ` So much was found that it is told to ${formatBytes(foundGrainBytes)}: every block of that has the worst of them.`
  return omitted + coarse
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes from the start of the target in the largest unit that two decimals can tell. */
export function addressText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(2)} ${UNITS[unit] ?? 'B'}`
}

/** The same for an axis whose labels are `grain` bytes apart: in the largest unit of which that is at least a half. */
export function axisText(bytes: number, grain: number): string {
  let unit = 0
  while (unit < UNITS.length - 1 && grain * 2 >= 1024 ** (unit + 1)) unit++
  const value = bytes / 1024 ** unit
  return `${value.toLocaleString('en', { maximumFractionDigits: 2 })} ${UNITS[unit] ?? 'B'}`
}

export interface CellFacts {
  readonly from: number
  readonly to: number
  readonly state: number
  /** Of a single block. */
  readonly writes?: number
}

export function cellFacts(map: MapData, { from, to }: { readonly from: number; readonly to: number }): CellFacts {
  const writes = to - from === 1 ? map.writes?.[from] : undefined
  return { from, to, state: map.pyramid.worst(from, to), ...(writes === undefined ? {} : { writes }) }
}

export const lbaOf = (map: MapData, block: number): number => map.firstLba + block * (map.blockBytes / SECTOR_BYTES)

/** Lines of a tooltip: where, what, and what else. */
export function cellLines(map: MapData, { from, to, state, writes }: CellFacts): readonly string[] {
  const first = lbaOf(map, from)
  const last = lbaOf(map, to) - 1
  const many = to - from
  const where = `${addressText(first * SECTOR_BYTES)} · LBA ${formatCount(first)}–${formatCount(last)}`
  const what = many === 1 ? `block ${formatCount(from)}` : `${formatCount(many)} blocks, the worst of them`
  const found = foundOf(foundCode(state))
  const life = LIFE_NAMES[lifeOf(state)]
  return [
    where,
    `${what}: ${found === undefined ? life : `${foundName(found)}; ${life}`}`,
    ...(writes === undefined ? [] : [writesText(writes)]),
  ]
}

const writesText = (writes: number): string =>
  writes === 255 ? '255 writes or more' : `${writes} write${writes === 1 ? '' : 's'}`
