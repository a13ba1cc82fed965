/** The live view's data: the whole once, then events; drawn anew at most a few times a second, however many come. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RunLine } from '../../../src/core/campaign/facts.ts'
import type { LiveView, ProgressLine } from '../../../src/core/view/live-view.ts'
import { announce } from '../announce.ts'
import { openEventStream, type StreamState } from '../event-stream.ts'
import type { ServerEvent } from '../sse.ts'
import { LiveStore } from './live-store.ts'
import { Summary } from './summary.ts'

const DRAW_PAUSE_MS = 250

export interface Live {
  readonly store: LiveStore
  readonly stream: StreamState
  /** The collector's clock minus ours. */
  readonly clockAheadMs: number
}

export function useLive(first: LiveView): Live {
  const [live] = useState(() => ({
    store: new LiveStore(first),
    clockAheadMs: Date.parse(first.cursor) - Date.now(),
  }))
  const [stream, setStream] = useState<StreamState>('connecting')
  const [, draw] = useState(0)
  const since = useRef(first.cursor)
  useEffect(() => {
    const summary = new Summary(announce)
    let timer: ReturnType<typeof setTimeout> | undefined
    const drawSoon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined
        draw((count) => count + 1)
      }, DRAW_PAUSE_MS)
    }
    const close = openEventStream({
      address: '/v1/events',
      since: since.current,
      onState: setStream,
      onEvents: (events) => {
        for (const event of events) if (taken(live.store, event)) summary.add(event)
        drawSoon()
      },
    })
    return () => {
      clearTimeout(timer)
      summary.stop()
      close()
    }
  }, [live])
  return { ...live, stream }
}

/** Whether it was news. */
function taken(store: LiveStore, { kind, data }: ServerEvent): boolean {
  switch (kind) {
    case 'run':
    case 'cut':
    case 'verdict':
      return store.take(lineOf(data))
    case 'progress':
      return store.progress(progressOf(data))
    default:
      return false
  }
}

// The types are what docs/HTTP-API.md promises of these events.
const lineOf = (data: string): RunLine => JSON.parse(data)
const progressOf = (data: string): ProgressLine => JSON.parse(data)
