/** The map in words: the region in equal parts, and what is in each. */
import type { ComponentChild } from 'preact'
import { useMemo } from 'preact/hooks'
import { foundCode, foundOf, FOUND_CODES, lifeOf } from '../../../../src/core/map/block-state.ts'
import { formatCount } from '../../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import type { MapData } from './map-data.ts'
import { addressText, foundName, lbaOf } from './words.ts'

const PARTS = 16

interface Region {
  readonly from: number
  readonly to: number
  readonly written: number
  /** Blocks by code of what was found. */
  readonly found: readonly number[]
}

function regionsOf({ states, blocks }: MapData): readonly Region[] {
  const size = Math.ceil(blocks / PARTS)
  const regions: Region[] = []
  for (let from = 0; from < blocks; from += size) {
    const to = Math.min(blocks, from + size)
    const found = Array.from({ length: FOUND_CODES + 1 }, () => 0)
    let written = 0
    for (let block = from; block < to; block++) {
      const state = states[block] ?? 0
      const code = foundCode(state)
      found[code] = (found[code] ?? 0) + 1
      if (lifeOf(state) !== 'untouched') written++
    }
    regions.push({ from, to, written, found })
  }
  return regions
}

export function RegionTable({
  map,
  show,
}: {
  readonly map: MapData
  readonly show: (block: number) => void
}): ComponentChild {
  const regions = useMemo(() => regionsOf(map), [map])
  const codes = Array.from({ length: FOUND_CODES }, (_, i) => FOUND_CODES - i).filter((code) =>
    regions.some(({ found }) => (found[code] ?? 0) > 0),
  )
  const address = (block: number): string => addressText(lbaOf(map, block) * SECTOR_BYTES)
  const columns: readonly Column<Region>[] = [
    {
      name: 'Part of the target',
      heads: true,
      cell: ({ from, to }) => `${address(from)} to ${address(to)}`,
    },
    {
      name: 'Blocks written',
      numeric: true,
      cell: ({ written, from, to }) => `${formatCount(written)} of ${formatCount(to - from)}`,
      sort: ({ written }) => written,
    },
    ...codes.map((code): Column<Region> => {
      const found = foundOf(code)
      return {
        name: found === undefined ? '' : foundName(found),
        numeric: true,
        cell: (region) => formatCount(region.found[code] ?? 0),
        sort: (region) => region.found[code] ?? 0,
      }
    }),
    {
      name: 'Show',
      cell: ({ from }) => showButton(address(from), () => show(from)),
    },
  ]
  return (
    <DataTable
      caption="Blocks by part of the target and what was found"
      columns={columns}
      rows={regions}
      rowKey={({ from }) => String(from)}
      stack
    />
  )
}

const showButton = (address: string, show: () => void): ComponentChild => (
  <button type="button" class="small" aria-label={`Show ${address} in the map`} onClick={show}>
    Show
  </button>
)
