/** The collector's events, for a view that wants to know when something happened to a campaign. */
import { addressOf } from '../base.ts'

/** Calls `happened` with the campaign that an event names, `undefined` where it names none. What comes back ends it. */
export function followEvents(happened: (campaign: string | undefined) => void): () => void {
  const source = new EventSource(addressOf('/v1/events'))
  const take = ({ data }: MessageEvent): void => happened(campaignIn(data))
  for (const kind of EVENTS) source.addEventListener(kind, take)
  return () => source.close()
}

/** Events without a name come as `message`. */
const EVENTS = ['message', 'run', 'progress', 'cut', 'verdict'] as const

function campaignIn(data: unknown): string | undefined {
  try {
    const parsed: unknown = JSON.parse(String(data))
    if (typeof parsed === 'object' && parsed !== null && 'campaign' in parsed) return String(parsed.campaign)
  } catch {
    // Not for us.
  }
  return undefined
}
