/** What goes on now: agents that write, cuts as they happen, verdicts as they come. */
import type { ComponentChild } from 'preact'
import type { LiveView as First } from '../../../src/core/view/live-view.ts'
import { Page } from '../components/page.tsx'
import { Await, Empty } from '../components/states.tsx'
import type { StreamState } from '../event-stream.ts'
import { Agents } from '../live/agents.tsx'
import { useNowMs } from '../live/clock.ts'
import { Happenings } from '../live/happenings.tsx'
import '../live/live.css'
import { useLive } from '../live/use-live.ts'
import { useJson } from '../use-json.ts'

const TWIN = '/v1/live'
const TICK_MS = 500

export function LiveView(): ComponentChild {
  const loaded = useJson<First>(TWIN)
  return (
    <Page title="Live" twin={TWIN}>
      <Await loaded={loaded} what="What goes on">
        {(first) => <Going first={first} />}
      </Await>
    </Page>
  )
}

function Going({ first }: { readonly first: First }): ComponentChild {
  const { store, stream, clockAheadMs } = useLive(first)
  const nowMs = useNowMs(TICK_MS) + clockAheadMs
  const agents = store.agents(nowMs)
  const happenings = store.happenings()
  return (
    <div class="live">
      <Stream state={stream} />
      <h2>Agents writing now</h2>
      {agents.length === 0 ? <NoAgent /> : <Agents agents={agents} nowMs={nowMs} />}
      <h2>Cuts and verdicts</h2>
      {happenings.length === 0 ? (
        <Empty title="No cut yet.">
          <p>Each cut appears here when it is recorded, and its verdict when the disk was read.</p>
        </Empty>
      ) : (
        <Happenings happenings={happenings} />
      )}
    </div>
  )
}

function NoAgent(): ComponentChild {
  return (
    <Empty title="No agent writes at the moment.">
      <p>
        An agent appears here as soon as it starts:{' '}
        <code>npx plugpull loop --cycles 20 --collector {location.origin}</code>
      </p>
    </Empty>
  )
}

const STREAM_TEXTS: Readonly<Record<StreamState, string>> = {
  connecting: 'Connecting …',
  open: 'Connected: changes appear within a second',
  lost: 'Connection lost: trying again. What is shown may be old.',
}

function Stream({ state }: { readonly state: StreamState }): ComponentChild {
  return (
    <p class={`stream ${state}`} role="status">
      <span class="stream-mark" aria-hidden="true" />
      {STREAM_TEXTS[state]}
    </p>
  )
}
