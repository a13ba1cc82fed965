/**
 * A campaign and its cycles, kept up to date while it is under way: an event of the collector that names the campaign lets the
 * cycles that changed be fetched, at most once a second, and the sums, which cost more, less often.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { CampaignCycles, Cycle } from '../../../src/core/campaign/cycles.ts'
import { getJson } from '../api.ts'
import { openEventStream } from '../event-stream.ts'
import type { ServerEvent } from '../sse.ts'
import { type Loaded, useJson } from '../use-json.ts'
import type { CampaignAnswer } from './types.ts'

const CYCLES_EVERY_MS = 1000
/** For the sums every verdict is read: the more runs, the less often. */
const SUMS_EVERY_MS = 4000
const SUMS_EVERY_MS_A_RUN = 5

export interface Campaign {
  readonly sums: Loaded<CampaignAnswer>
  readonly cycles: Loaded<CampaignCycles>
}

export const campaignAddress = (campaign: string): string => `/v1/campaigns/${encodeURIComponent(campaign)}`

export function useCampaign(campaign: string): Campaign {
  const address = campaignAddress(campaign)
  const sums = useJson<CampaignAnswer>(address)
  const whole = useJson<CampaignCycles>(`${address}/cycles`)
  const [changed, setChanged] = useState<readonly Cycle[]>([])
  const reloadRef = useRef<() => void>(undefined)
  useEffect(() => {
    reloadRef.current = sums.kind === 'ready' ? sums.reload : undefined
  })
  const loaded = whole.kind === 'ready' ? whole.value : undefined
  useEffect(() => {
    if (loaded === undefined) return
    let newest = newestChange(loaded.cycles)
    const fetchCycles = async (): Promise<void> => {
      const got = await getJson<CampaignCycles>(`${address}/cycles?changed=${encodeURIComponent(newest)}`)
      if (got.kind !== 'ok') return
      newest = newestChange(got.value.cycles, newest)
      setChanged((before) => merged(before, got.value.cycles))
    }
    const cycles = atMostEvery(CYCLES_EVERY_MS, () => void fetchCycles())
    const summary = atMostEvery(SUMS_EVERY_MS + loaded.cycles.length * SUMS_EVERY_MS_A_RUN, () => reloadRef.current?.())
    const stop = openEventStream({
      address: '/v1/events',
      since: undefined,
      onState: () => undefined,
      onEvents: (events) => {
        if (!events.some((event) => isOf(event, campaign))) return
        cycles.wanted()
        summary.wanted()
      },
    })
    return () => {
      stop()
      cycles.stop()
      summary.stop()
    }
  }, [loaded, address, campaign])
  if (loaded === undefined || whole.kind !== 'ready' || changed.length === 0) return { sums, cycles: whole }
  return { sums, cycles: { ...whole, value: { ...loaded, cycles: merged(loaded.cycles, changed) } } }
}

/** Whether the event is of a run of that campaign; `progress`, which names none, changes nothing that is shown. */
function isOf({ kind, data }: ServerEvent, campaign: string): boolean {
  if (kind === 'progress') return false
  const line: unknown = JSON.parse(data)
  return typeof line === 'object' && line !== null && 'campaign' in line && line.campaign === campaign
}

const newestChange = (cycles: readonly Cycle[], least = '1970-01-01T00:00:00.000Z'): string =>
  cycles.reduce((newest, { changedAt }) => (changedAt > newest ? changedAt : newest), least)

/** The newer line of each run, in the order of their creation. */
function merged(before: readonly Cycle[], changed: readonly Cycle[]): readonly Cycle[] {
  if (changed.length === 0) return before
  const cycles = new Map([...before, ...changed].map((cycle) => [cycle.run, cycle]))
  return [...cycles.values()].toSorted((a, b) => (a.createdAt + a.run < b.createdAt + b.run ? -1 : 1))
}

/** Does `work` once it is wanted, and not again before that time is over. */
function atMostEvery(ms: number, work: () => void): { readonly wanted: () => void; readonly stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    wanted: () => {
      timer ??= setTimeout(() => {
        timer = undefined
        work()
      }, ms)
    },
    stop: () => clearTimeout(timer),
  }
}
