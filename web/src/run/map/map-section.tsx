/** The block map, or what stands in for it. The finding that is told is shown in it. */
import type { ComponentChild } from 'preact'
import type { RunView } from '../../../../src/core/campaign/campaign.ts'
import { foundCode } from '../../../../src/core/map/block-state.ts'
import { counted } from '../../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import { Empty, Failed, Loading } from '../../components/states.tsx'
import { useJson } from '../../use-json.ts'
import { type BriefFinding, type FindingsPage, runPath } from '../documents.ts'
import { CopyText } from '../findings/copy-text.tsx'
import { Section } from '../section.tsx'
import { BlockMap } from './block-map.tsx'
import { type LoadedMap, type MapData, useMap } from './map-data.ts'

export interface MapSectionProps {
  readonly view: RunView
  readonly version: string
  readonly chosen: number | undefined
  readonly choose: (number: number) => void
  /** Below the map. */
  readonly children: ComponentChild
}

const TITLE = 'Block map'

export function MapSection(props: MapSectionProps): ComponentChild {
  const { view } = props
  if (view.logPruned === undefined) return <Loaded {...props} />
  return (
    <Section title={TITLE} twin={runPath(view.run, '/map')}>
      <Empty title="The log of this run was pruned.">
        <p>
          Map, timeline and stories are drawn from the log. What was found is kept with the verdict. To keep the logs of
          the next runs for longer, see the retention of the collector.
        </p>
      </Empty>
    </Section>
  )
}

function Loaded({ view, version, chosen, choose, children }: MapSectionProps): ComponentChild {
  const loaded = useMap(view.run, version)
  const omitted = loaded.kind === 'ready' ? loaded.map.findingsOmitted : undefined
  return (
    <Section
      title={TITLE}
      twin={runPath(view.run, '/map')}
      aside={omitted === undefined ? undefined : `${counted(omitted, 'finding')} not on it`}
    >
      {omitted === undefined ? null : <NotOnIt run={view.run} omitted={omitted} />}
      <Drawn view={view} loaded={loaded} chosen={chosen} choose={choose} />
      {children}
    </Section>
  )
}

const NotOnIt = ({ run, omitted }: { readonly run: string; readonly omitted: number }): ComponentChild => (
  <div class="card">
    <p>
      What looks clean here need not be: the verdict counts {counted(omitted, 'finding')} more and does not say where,
      as verdicts of earlier versions did. Verify the target again, while it is as it was, to see all of them here:
    </p>
    <CopyText
      text={`plugpull verify --target DEVICE --run ${run} --collector ${location.origin}`}
      what="the command that verifies again"
    />
  </div>
)

interface DrawnProps extends Pick<MapSectionProps, 'view' | 'chosen' | 'choose'> {
  readonly loaded: LoadedMap
}

function Drawn({ view, loaded, chosen, choose }: DrawnProps): ComponentChild {
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
