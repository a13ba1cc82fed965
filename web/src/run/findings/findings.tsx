/** The findings of a run and the story of the one that is chosen, side by side where there is room. */
import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { FINDING_KINDS } from '../../../../src/core/finding.ts'
import { counted, formatCount } from '../../../../src/core/size.ts'
import { Boundary } from '../../components/boundary.tsx'
import { JsonLink } from '../../components/json-link.tsx'
import { Await, Empty, Failed, Loading } from '../../components/states.tsx'
import { query, setQuery } from '../../router.ts'
import { useJson } from '../../use-json.ts'
import { type BriefFinding, type FindingsPage, runPath, type Story } from '../documents.ts'
import { ListMore } from '../list-more.tsx'
import { FindingsList } from './findings-list.tsx'
import { type Filter, useFindingPages } from './pages.ts'
import { StoryView } from './story.tsx'

export interface FindingsProps {
  readonly run: string
  readonly version: string
  readonly chosen: number | undefined
  readonly choose: (number: number | undefined) => void
}

export function Findings({ run, version, chosen, choose }: FindingsProps): ComponentChild {
  const filter: Filter = { kind: query.value.get('kind') ?? '', severity: query.value.get('severity') ?? '' }
  const pages = useFindingPages(run, filter, version)
  const { head, refusal } = pages
  if (refusal !== undefined) return <Failed what="The findings" refusal={refusal} retry={pages.retry} />
  if (head === undefined) return <Loading what="the findings" />
  if (head.listed === 0 && head.findingsOmitted > 0) return <Omitted run={run} head={head} />
  if (head.listed === 0)
    return (
      <Empty title="The verdict lists no finding.">
        <p>Everything that was checked is as the contract has it.</p>
      </Empty>
    )
  const isWhole = filter.kind === '' && filter.severity === ''
  return (
    <>
      <Filters head={head} filter={filter} />
      <Omitted run={run} head={head} />
      <div class="findings">
        <div>
          {head.matching === 0 ? (
            <NoneOfThatKind />
          ) : (
            <FindingsList
              key={`${filter.kind} ${filter.severity}`}
              pages={pages}
              count={head.matching}
              chosen={chosen}
              place={isWhole ? placeOf(chosen) : undefined}
              choose={({ number }: BriefFinding) => choose(number)}
            />
          )}
        </div>
        <Boundary key={chosen} what="The story of the finding" twin={runPath(run, `/findings/${chosen ?? 1}`)}>
          <ChosenStory run={run} number={chosen} close={() => choose(undefined)} />
        </Boundary>
      </div>
    </>
  )
}

/** In the whole list, in the order of the numbers. */
const placeOf = (chosen: number | undefined): number | undefined => (chosen === undefined ? undefined : chosen - 1)

const NoneOfThatKind = (): ComponentChild => (
  <Empty title="No finding is of that kind and severity.">
    <button type="button" onClick={() => setQuery({ kind: undefined, severity: undefined })}>
      Show all
    </button>
  </Empty>
)

function Filters({ head, filter }: { readonly head: FindingsPage; readonly filter: Filter }): ComponentChild {
  const sum = (test: (count: FindingsPage['counts'][number]) => boolean): number =>
    head.counts.filter(test).reduce((total, { count }) => total + count, 0)
  return (
    <div class="filters">
      <label class="field">
        <span>Kind</span>
        <select value={filter.kind} onChange={(event) => setQuery({ kind: event.currentTarget.value })}>
          <option value="">all kinds ({formatCount(head.listed)})</option>
          {FINDING_KINDS.filter((kind) => sum((one) => one.kind === kind) > 0).map((kind) => (
            <option key={kind} value={kind}>
              {kind} ({formatCount(sum((one) => one.kind === kind))})
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Severity</span>
        <select value={filter.severity} onChange={(event) => setQuery({ severity: event.currentTarget.value })}>
          <option value="">violations and hazards</option>
          <option value="violation">violations ({formatCount(sum((one) => one.severity === 'violation'))})</option>
          <option value="hazard">hazards ({formatCount(sum((one) => one.severity === 'hazard'))})</option>
        </select>
      </label>
      <p class="muted">{counted(head.matching, 'finding')}</p>
    </div>
  )
}

/** How many findings are not in the list, and how to have them in it. */
function Omitted({ run, head }: { readonly run: string; readonly head: FindingsPage }): ComponentChild {
  const { listed, findingsOmitted } = head
  if (findingsOmitted === 0) return null
  return (
    <div class="omitted">
      <p>
        <strong>{counted(findingsOmitted, 'finding')}</strong> more {findingsOmitted === 1 ? 'was' : 'were'} counted,
        but not listed: a verdict lists at most as many as <code>--findings-max</code> says. To list all, verify the
        target again while it is as it was:
      </p>
      <ListMore run={run} findings={listed + findingsOmitted} />
    </div>
  )
}

function ChosenStory({
  run,
  number,
  close,
}: {
  readonly run: string
  readonly number: number | undefined
  readonly close: () => void
}): ComponentChild {
  const address = number === undefined ? undefined : runPath(run, `/findings/${number}`)
  const loaded = useJson<Story>(address)
  const panel = useRef<HTMLElement>(null)
  const knownRef = useRef(number)
  useEffect(() => {
    // On a narrow screen the story lies below the list: it comes into sight where it was asked for.
    if (number !== undefined && knownRef.current !== number) panel.current?.scrollIntoView({ block: 'nearest' })
    knownRef.current = number
  }, [number])
  if (number === undefined || address === undefined)
    return (
      <section class="card story" aria-label="The story of a finding">
        <p class="muted">Choose a finding to read its story: what was promised, what is there, and the bytes.</p>
      </section>
    )
  return (
    <section ref={panel} class="card story" aria-label={`The story of finding ${number}`}>
      <div class="story-head">
        <h3>Finding {formatCount(number)}</h3>
        <JsonLink address={address} />
        <button type="button" class="small" onClick={close}>
          Close
        </button>
      </div>
      <Await loaded={loaded} what={`finding ${number}`}>
        {(story) => <StoryView story={story} />}
      </Await>
    </section>
  )
}
