/** The addresses of the API, gathered; campaigns, health and the page for people are small enough to live here. */
import { summarise } from '../../core/campaign/campaign.ts'
import { addMetricsRoutes } from '../metrics/routes.ts'
import { ApiError } from './api-error.ts'
import { addEvidenceRoutes } from './evidence-routes.ts'
import { renderIndex, renderRun } from './index-page.ts'
import { addLogRoutes } from './log-routes.ts'
import { type CollectorServer, knownRun, type RouteContext } from './route-context.ts'
import { addReportRoutes } from './report-routes.ts'
import { addRunRoutes } from './run-routes.ts'
import * as schema from './schemas.ts'

const RUNS_SHOWN = 100

export function addRoutes(app: CollectorServer, context: RouteContext): void {
  addMetricsRoutes(app, context)
  addRunRoutes(app, context)
  addLogRoutes(app, context)
  addEvidenceRoutes(app, context)
  addCampaignRoutes(app, context)
  addReportRoutes(app, context)
  addServiceRoutes(app, context)
  addPage(app, context)
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
      summary: 'A campaign: counts, rates with their intervals, exposure, measures, what its runs were',
      params: schema.CampaignParams,
      response: { 200: schema.CampaignBody, ...schema.refusals },
    },
    handler: async (request) => {
      const { name } = request.params
      const campaign = await store.campaign(name)
      if (campaign === undefined) {
        throw new ApiError(
          'CAMPAIGN_UNKNOWN',
          `the collector has no campaign ${JSON.stringify(name)}; GET /v1/campaigns lists those it has`,
        )
      }
      const { runs, verdicts, setup } = campaign
      return { campaign: name, summary: summarise(runs, verdicts), setup }
    },
  })
}

function addServiceRoutes(app: CollectorServer, { store, version }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/health',
    schema: {
      summary: 'Whether the store can be used; needs no token',
      security: [],
      response: { 200: schema.HealthBody, ...schema.refusals },
    },
    handler: async () => {
      await store.check()
      return { status: 'ok' as const, version, store: store.name }
    },
  })

  app.route({
    method: 'GET',
    url: '/openapi.json',
    schema: { summary: 'This description' },
    handler: async () => app.swagger(),
  })
}

function addPage(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/',
    schema: {
      summary: 'A page for people',
      querystring: schema.PageQuery,
      produces: ['text/html'],
      response: { 200: schema.HtmlBody },
    },
    handler: async (request, reply) => {
      const { run, campaign } = request.query
      // Everything is in the page itself: nothing else may be loaded, whatever text found its way into a run.
      reply.header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
      )
      reply.type('text/html; charset=utf-8')
      if (run !== undefined) return renderRun(await knownRun(store, run))
      const page = await store.runs({ limit: RUNS_SHOWN, ...(campaign === undefined ? {} : { campaign }) })
      return renderIndex(await store.campaigns(), page === 'run-unknown' ? [] : page.runs, campaign)
    },
  })
}
