/** `GET /v1/campaigns/{name}/cycles`: a campaign run by run, short enough to be had at once. */
import { type CampaignCycles, cycleOf } from '../../core/campaign/cycles.ts'
import { campaignUnknown } from '../http/api-error.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { CampaignParams, refusals } from '../http/schemas.ts'
import { timeAt } from '../http/time.ts'
import type { Store } from '../store/store.ts'
import { CyclesBody, CyclesQuery } from './schemas.ts'

const CYCLES_DEFAULT = 10_000

export function addCyclesRoute(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/campaigns/:name/cycles',
    schema: {
      summary: 'The runs of a campaign in one line each, oldest first',
      params: CampaignParams,
      querystring: CyclesQuery,
      response: { 200: CyclesBody, ...refusals },
    },
    handler: (request) => {
      const { changed, limit } = request.query
      const since = changed === undefined ? undefined : timeAt('querystring/changed', changed)
      return cyclesOf(store, request.params.name, limit === undefined ? CYCLES_DEFAULT : Number(limit), since)
    },
  })
}

/** The newest `limit` runs of the campaign, those that changed at `changed` or later where that is given. */
async function cyclesOf(store: Store, campaign: string, limit: number, changed?: string): Promise<CampaignCycles> {
  const since = changed === undefined ? {} : { changedSince: changed }
  const lines = await store.lines({ campaign, limit: limit + 1, ...since })
  if (lines.length === 0 && (await store.lines({ campaign, limit: 1 })).length === 0) throw campaignUnknown(campaign)
  return { campaign, cycles: lines.slice(0, limit).map(cycleOf).toReversed(), more: lines.length > limit }
}
