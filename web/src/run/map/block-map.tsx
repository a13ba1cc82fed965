/** The block map with all that belongs to it: strip, zoom buttons, legend, summary, the block that was chosen, the table in its place. */
import type { ComponentChild } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { foundCode } from '../../../../src/core/map/block-state.ts'
import { movedTo, scaleAt, type World, zoomed } from '../../../../src/core/map/navigation.ts'
import { blocksOfRow, rowsOf, type Scale, scalesOf, topWith } from '../../../../src/core/map/viewport.ts'
import { formatBytes, formatCount } from '../../../../src/core/size.ts'
import { BlockDetails } from './block-details.tsx'
import { Legend, shownStates } from './legend.tsx'
import { MapCanvas } from './map-canvas.tsx'
import type { MapData } from './map-data.ts'
import { MapStrip } from './map-strip.tsx'
import { RegionTable } from './regions.tsx'
import { useWidth } from './use-canvas.ts'
import { useMapKeys } from './use-map-keys.ts'
import { numberIn, usePlace } from './use-place.ts'
import { gapsText, stateName } from './words.ts'

const HEIGHT_MOST = 420
const HEIGHT_LEAST = 96
const AXIS_WIDTH = 84

export interface BlockMapProps {
  readonly run: string
  readonly map: MapData
  /** The block of the finding that is told, to be shown when it changes. */
  readonly focus?: number
  readonly openFinding: (number: number) => void
}

export function BlockMap({ run, map, focus, openFinding }: BlockMapProps): ComponentChild {
  const frame = useRef<HTMLDivElement>(null)
  const width = Math.max(0, useWidth(frame) - AXIS_WIDTH)
  const world = useMemo(() => worldOf(map.blocks, width), [map.blocks, width])
  return (
    <div ref={frame} class="block-map">
      {width === 0 ? null : (
        <Explorer
          run={run}
          map={map}
          world={world}
          width={width}
          openFinding={openFinding}
          {...(focus === undefined ? {} : { focus })}
        />
      )}
    </div>
  )
}

function worldOf(blocks: number, width: number): World {
  const scales = scalesOf(blocks, { width, height: HEIGHT_MOST })
  const [all] = scales
  const needed = all === undefined ? HEIGHT_MOST : rowsOf(blocks, all) * all.cellHeight
  return { blocks, scales, height: Math.round(Math.max(HEIGHT_LEAST, Math.min(HEIGHT_MOST, needed))) }
}

interface ExplorerProps extends BlockMapProps {
  readonly world: World
  readonly width: number
}

function Explorer({ run, map, world, width, focus, openFinding }: ExplorerProps): ComponentChild {
  const [place, change] = usePlace(world)
  const [selected, select] = useState<number | undefined>(() => numberIn('at'))
  const [shownFocus, showFocus] = useState<number>()
  const keys = useMapKeys({ map, world, place, change, select })
  if (focus !== undefined && focus !== shownFocus) {
    // Of another finding than before: its block comes into sight.
    showFocus(focus)
    select(focus)
    change((before) => movedTo(before, focus, world))
  }
  const scale = scaleAt(world, place.step)
  const show = (block: number): void => {
    const step = Math.max(place.step, Math.min(world.scales.length - 1, 3))
    const top = topWith(block, 0, map.blocks, scaleAt(world, step), world.height)
    keys.go({ step, top, cursor: block })
  }
  return (
    <>
      <MapStrip map={map} world={world} place={place} width={width} change={change} />
      <MapCanvas
        map={map}
        world={world}
        width={width}
        place={place}
        change={change}
        select={select}
        onKey={keys.onKey}
      />
      <div class="map-tools">
        <ZoomButtons
          zoom={(by) => keys.go(zoomed(place, by, world))}
          isFirst={place.step === 0}
          isLast={place.step === world.scales.length - 1}
        />
        <button type="button" aria-label="Finding before" onClick={() => keys.toFinding(-1)}>
          ‹ Finding
        </button>
        <button type="button" aria-label="Next finding" onClick={() => keys.toFinding(1)}>
          Finding ›
        </button>
        <span class="muted">{scaleText(scale, map.blockBytes)}</span>
      </div>
      <Legend map={map} />
      {map.foundGrainBytes === undefined ? null : <p class="muted">{gapsText(map)}</p>}
      <p id="map-summary" class="unseen">
        {summaryOf(map)}
      </p>
      <KeysHelp />
      {selected === undefined || selected >= map.blocks ? null : (
        <BlockDetails run={run} map={map} block={selected} openFinding={openFinding} close={() => select(undefined)} />
      )}
      <details>
        <summary>The map as a table</summary>
        <RegionTable map={map} show={show} />
      </details>
    </>
  )
}

const KeysHelp = (): ComponentChild => (
  <p id="map-keys" class="map-keys muted">
    Arrows move the cursor, <kbd>+</kbd> and <kbd>−</kbd> zoom, <kbd>0</kbd> shows all, <kbd>Home</kbd> and{' '}
    <kbd>End</kbd> go to the ends, <kbd>Tab</kbd> to the next finding, <kbd>Enter</kbd> chooses; <kbd>Esc</kbd>, then{' '}
    <kbd>Tab</kbd> leaves. The wheel zooms once the map has the focus, or with <kbd>Ctrl</kbd>.
  </p>
)

function scaleText(scale: Scale, blockBytes: number): string {
  const row = `${formatBytes(blocksOfRow(scale) * blockBytes)} a row`
  const cell = `${formatBytes(2 ** scale.level * blockBytes)} a cell`
  return scale.level === 0 ? `${row}, ${cell}` : `${row}, ${cell}: the worst of ${formatCount(2 ** scale.level)} blocks`
}

function ZoomButtons({
  zoom,
  isFirst,
  isLast,
}: {
  readonly zoom: (by: number) => void
  readonly isFirst: boolean
  readonly isLast: boolean
}): ComponentChild {
  return (
    <>
      <button type="button" aria-label="Zoom out" disabled={isFirst} onClick={() => zoom(-1)}>
        −
      </button>
      <button type="button" aria-label="Zoom in" disabled={isLast} onClick={() => zoom(1)}>
        +
      </button>
      <button type="button" disabled={isFirst} onClick={() => zoom(-100)}>
        Show all
      </button>
    </>
  )
}

function summaryOf(map: MapData): string {
  const parts = shownStates(map).map(({ state, blocks }) => `${formatCount(blocks)} ${stateName(state)}`)
  const found = map.counts.reduce((sum, blocks, state) => sum + (foundCode(state) > 0 ? blocks : 0), 0)
  return `${formatCount(map.blocks)} blocks of ${formatBytes(map.blockBytes)}, ${formatCount(found)} of them with findings: ${parts.join(', ')}.${gapsText(map)}`
}
