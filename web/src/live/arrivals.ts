/** Tells a view that verdicts came, at most every few seconds: what it shows has changed. */
import { useEffect, useRef } from 'preact/hooks'
import { openEventStream } from '../event-stream.ts'

const PAUSE_MS = 2000

export function useVerdictArrivals(arrived: () => void): void {
  const latestRef = useRef(arrived)
  useEffect(() => {
    latestRef.current = arrived
  })
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const close = openEventStream({
      address: '/v1/events',
      since: undefined,
      onState: () => undefined,
      onEvents: (events) => {
        if (timer !== undefined || !events.some(({ kind }) => kind === 'verdict' || kind === 'run')) return
        timer = setTimeout(() => {
          timer = undefined
          latestRef.current()
        }, PAUSE_MS)
      },
    })
    return () => {
      clearTimeout(timer)
      close()
    }
  }, [])
}
