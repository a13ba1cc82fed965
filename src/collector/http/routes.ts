/** The addresses of the API, gathered; campaigns and health are small enough to live here. */
import { evidenceOf } from '../../core/campaign/evidence.ts'
import { isReader } from '../access/reader.ts'
import { addSessionRoutes } from '../access/session-routes.ts'
import { addTokenRoutes } from '../access/token-routes.ts'
import { addMetricsRoutes } from '../metrics/routes.ts'
import { campaignView } from '../view/campaign-view.ts'
import { addCompareRoute } from '../view/compare.ts'
import { addCyclesRoute } from '../view/cycles.ts'
import { addEvidenceRoutes } from './evidence-routes.ts'
import { addLogRoutes } from './log-routes.ts'
import { addPage } from './page.ts'
import type { CollectorServer, RouteContext } from './route-context.ts'
import { addReportRoutes } from './report-routes.ts'
import { addRunRoutes } from './run-routes.ts'
import { addRetentionRoutes } from '../retention/routes.ts'
import { addTransferRoutes } from '../transfer/routes.ts'
import { addRunViewRoutes } from './run-view-routes.ts'
import * as schema from './schemas.ts'
import { addLiveRoutes } from '../live/live-routes.ts'
import { addMatrixRoute } from '../view/matrix-routes.ts'

export function addRoutes(app: CollectorServer, context: RouteContext): void {
  addMetricsRoutes(app, context)
  addRunRoutes(app, context)
  addLogRoutes(app, context)
  addEvidenceRoutes(app, context)
  addRunViewRoutes(app, context)
  addCampaignRoutes(app, context)
  addReportRoutes(app, context)
  addTransferRoutes(app, context)
  addRetentionRoutes(app, context)
  addCyclesRoute(app, context)
  addCompareRoute(app, context)
  addTokenRoutes(app, context.store, context.gate)
  addSessionRoutes(app, context.gate)
  addServiceRoutes(app, context)
  addMatrixRoute(app, context)
  addLiveRoutes(app, context)
  addPage(app)
}

function addCampaignRoutes(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/campaigns',
    schema: {
      summary: 'List campaigns, the newest first',
      response: { 200: schema.CampaignsBody, ...schema.refusals },
    },
    handler: async () => ({ campaigns: [...(await store.campaigns())] }),
  })

  app.route({
    method: 'GET',
    url: '/v1/campaigns/:name',
    schema: {
      summary:
        'A campaign: counts, rates with their intervals, exposure, measures, what its runs were, what the figures support',
      params: schema.CampaignParams,
      response: { 200: schema.CampaignBody, ...schema.refusals },
    },
    handler: async (request) => {
      const view = await campaignView(store, request.params.name)
      return { ...view, evidence: evidenceOf(view.summary, view.setup) }
    },
  })
}

function addServiceRoutes(app: CollectorServer, { store, version, gate }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/health',
    schema: {
      summary: 'Whether the store can be used; needs no token, and tells where the store is to readers alone',
      security: [],
      response: { 200: schema.HealthBody, ...schema.refusals },
    },
    handler: async (request) => {
      await store.check()
      const [kind = ''] = store.name.split(':', 1)
      return { status: 'ok' as const, version, store: (await isReader(request, gate.context)) ? store.name : kind }
    },
  })

  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: { summary: 'This description' },
    handler: async () => app.swagger(),
  })
}
