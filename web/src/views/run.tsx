/** The run view: summary, block map, timeline, findings and the story of one, each with an address of its own in the query. */
import '../run/run.css'
import type { ComponentChild } from 'preact'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { RunView as RunDocument } from '../../../src/core/campaign/campaign.ts'
import { Boundary } from '../components/boundary.tsx'
import { Page } from '../components/page.tsx'
import { Empty, Failed, Loading } from '../components/states.tsx'
import { Word } from '../components/word.tsx'
import { campaignsLink } from '../links.ts'
import { query, setQuery } from '../router.ts'
import { type Loaded, useJson } from '../use-json.ts'
import { runPath } from '../run/documents.ts'
import { Environment } from '../run/environment.tsx'
import { Findings } from '../run/findings/findings.tsx'
import { MapSection } from '../run/map/map-section.tsx'
import { Progress } from '../run/progress.tsx'
import { Section } from '../run/section.tsx'
import { stateOf, Summary } from '../run/summary.tsx'
import { Timeline } from '../run/timeline/timeline.tsx'

/** A run that is still written is asked about so often. */
const REFRESH_MS = 2000

export function RunView({ run }: { readonly run: string }): ComponentChild {
  const loaded = useJson<RunDocument>(runPath(run, '?findings=none'))
  const title = `Run ${run}`
  const twin = runPath(run)
  useRefresh(loaded)
  if (loaded.kind === 'loading')
    return (
      <Page title={title} twin={twin}>
        <Loading what="the run" />
      </Page>
    )
  if (loaded.kind === 'failed')
    return (
      <Page title={title} twin={twin}>
        {loaded.refusal.code === 'RUN_UNKNOWN' ? (
          <Empty title={`This collector has no run ${run}.`}>
            <p>
              Look for it among the runs of <a href={campaignsLink()}>all campaigns</a>.
            </p>
          </Empty>
        ) : (
          <>
            <Failed what={`Run ${run}`} refusal={loaded.refusal} retry={loaded.retry} />
            <p>
              <a href={campaignsLink()}>All campaigns</a>
            </p>
          </>
        )}
      </Page>
    )
  const view = loaded.value
  return (
    <Page
      title={title}
      twin={twin}
      heading={
        <>
          Run <code>{run}</code>
        </>
      }
      aside={
        <Boundary what="The verdict in a word" twin={twin}>
          <RunWord view={view} />
        </Boundary>
      }
    >
      <Boundary what="The summary" twin={twin}>
        <Summary view={view} />
      </Boundary>
      <Boundary what="The progress" twin={twin}>
        {view.verdict === undefined ? <Progress view={view} /> : null}
      </Boundary>
      <Boundary what="The environment" twin={runPath(run, '/manifest')}>
        <Environment manifest={view.manifest} />
      </Boundary>
      <Evidence view={view} />
    </Page>
  )
}

// Of a component of its own: what it throws is caught around it.
const RunWord = ({ view: { verdict } }: { readonly view: RunDocument }): ComponentChild => (
  <Word state={stateOf(verdict)} />
)

/** Asks again every so often while there is no verdict. */
function useRefresh(loaded: Loaded<RunDocument>): void {
  const reloadRef = useRef<(() => void) | undefined>(undefined)
  const isOpen = loaded.kind === 'ready' && loaded.value.verdict === undefined
  useEffect(() => {
    reloadRef.current = loaded.kind === 'ready' ? loaded.reload : undefined
  })
  useEffect(() => {
    if (!isOpen) return
    const timer = setInterval(() => reloadRef.current?.(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [isOpen])
}

const numberOf = (text: string | null): number | undefined =>
  text !== null && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined

/** What is drawn from the log; while it is still written, as it was when the user came or asked again. */
function Evidence({ view }: { readonly view: RunDocument }): ComponentChild {
  const { run } = view
  const newest = `${view.bytes}-${view.verdicts.length}`
  const [version, setVersion] = useState(newest)
  const hasVerdict = view.verdict !== undefined
  useEffect(() => {
    if (hasVerdict) setVersion(newest)
  }, [hasVerdict, newest])
  const chosen = numberOf(query.value.get('finding'))
  const choose = useCallback(
    (number: number | undefined) => setQuery({ finding: number === undefined ? undefined : String(number) }),
    [],
  )
  return (
    <>
      <MapSection view={view} version={version} chosen={chosen} choose={choose}>
        {version === newest ? null : (
          <button type="button" onClick={() => setVersion(newest)}>
            The log has grown: draw it anew
          </button>
        )}
      </MapSection>
      {view.logPruned === undefined ? (
        <Section title="Timeline" twin={runPath(run, '/timeline')}>
          <Timeline run={run} version={version} cut={view.cut?.kind} />
        </Section>
      ) : null}
      {hasVerdict ? (
        <Section title="Findings" twin={runPath(run, '/findings')}>
          <Findings run={run} version={version} chosen={chosen} choose={choose} />
        </Section>
      ) : null}
    </>
  )
}
