/** The block map, or what stands in for it. The finding that is told is shown in it. */
import type { ComponentChild } from 'preact'
import type { RunView } from '../../../../src/core/campaign/campaign.ts'
import { foundCode } from '../../../../src/core/map/block-state.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { useJson } from '../../use-json.ts'
import { type BriefFinding, type FindingsPage, runPath } from '../documents.ts'
import { BlockMap } from './block-map.tsx'
import { type MapData, useMap } from './map-data.ts'

export interface MapSectionProps {
  readonly view: RunView
  readonly version: string
  readonly chosen: number | undefined
  readonly choose: (number: number) => void
}

export function MapSection({ view, version, chosen, choose }: MapSectionProps): ComponentChild {
  if (view.logPruned !== undefined)
    return (
      <Empty title="The log of this run was pruned.">
        <p>
          Map, timeline and stories are drawn from the log. What was found is kept with the verdict. To keep the logs of
          the next runs for longer, see the retention of the collector.
        </p>
      </Empty>
    )
  return <Drawn view={view} version={version} chosen={chosen} choose={choose} />
}

function Drawn({ view, version, chosen, choose }: MapSectionProps): ComponentChild {
  const loaded = useMap(view.run, version)
  const finding = useJson<FindingsPage>(
    chosen === undefined ? undefined : runPath(view.run, `/findings?offset=${chosen - 1}&limit=1`),
  )
  if (loaded.kind === 'loading') return <Loading what="the map" />
  if (loaded.kind === 'failed') return <Failed what="The map" refusal={loaded.refusal} retry={loaded.retry} />
  const { map } = loaded
  const told = finding.kind === 'ready' && !finding.isStale ? finding.value.findings[0] : undefined
  const focus = told === undefined || chosen === undefined ? undefined : focusOf(map, told)
  return (
    <>
      {view.bytes === 0 ? (
        <p>
          The log is empty: the agent was cut, or has not come to, before its first record, so nothing is known to have
          been written.
        </p>
      ) : null}
      <BlockMap run={view.run} map={map} openFinding={choose} {...(focus === undefined ? {} : { focus })} />
    </>
  )
}

/** The first block of the finding that shows it: of a torn write the part that is there may come first. */
function focusOf(map: MapData, { lba, sectors }: Pick<BriefFinding, 'lba' | 'sectors'>): number {
  const first = blockOf(map, lba)
  const last = blockOf(map, lba + sectors - 1)
  for (let block = first; block <= last; block++) if (foundCode(map.states[block] ?? 0) > 0) return block
  return first
}

const blockOf = ({ firstLba, blockBytes, blocks }: MapData, lba: number): number =>
  Math.max(0, Math.min(blocks - 1, Math.floor((lba - firstLba) / (blockBytes / SECTOR_BYTES))))
