/** Runs: created once, listed by pages, read in full. */
import { manifestFault } from '../../core/manifest-shape.ts'
import { keyHashOf } from '../access/run-keys.ts'
import { ApiError, runUnknown } from './api-error.ts'
import { type CollectorServer, knownHead, knownRun, type RouteContext } from './route-context.ts'
import * as schema from './schemas.ts'

const PAGE_RUNS = 100

export function addRunRoutes(app: CollectorServer, context: RouteContext): void {
  addCreateRun(app, context)
  addReadRuns(app, context)
}

function addCreateRun(app: CollectorServer, { store, metrics, now }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/runs',
    schema: {
      summary: 'Create a run; the same one again is no error',
      body: schema.NewRunBody,
      response: { 200: schema.CreatedBody, 201: schema.CreatedBody, ...schema.refusals },
    },
    handler: async (request, reply) => {
      const { run, campaign, manifest } = request.body
      if (manifest.run !== run || manifest.campaign !== campaign) {
        const other = `run ${manifest.run} in campaign ${manifest.campaign}`
        throw new ApiError('BAD_REQUEST', `body/manifest is of ${other}, not of run ${run} in campaign ${campaign}`)
      }
      const fault = manifestFault(manifest)
      if (fault !== undefined) throw new ApiError('BAD_REQUEST', `body/manifest${fault}`)
      const keyHash = keyHashOf(request.headers)
      const key = keyHash === undefined ? {} : { keyHash }
      const outcome = await store.createRun({ run, campaign, manifest, createdAt: now(), ...key })
      if (outcome === 'different') {
        throw new ApiError(
          'RUN_CONFLICT',
          `run ${run} is there already, with another campaign or manifest; every run needs an id of its own`,
        )
      }
      const created = outcome === 'created'
      if (created) {
        metrics.runCreated(run)
        request.log.info({ run, campaign }, 'run created')
      }
      return reply.code(created ? 201 : 200).send({ run, created })
    },
  })
}

function addReadRuns(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/runs',
    schema: {
      summary: 'List runs, newest first',
      querystring: schema.RunsQuery,
      response: { 200: schema.RunsBody, ...schema.refusals },
    },
    handler: async (request) => {
      const { limit, ...query } = request.query
      const page = await store.runs({ ...query, limit: limit === undefined ? PAGE_RUNS : Number(limit) })
      if (page === 'run-unknown') throw runUnknown(query.after ?? '')
      return page
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/runs/:run',
    schema: {
      summary: 'A run: manifest, size of the log, progress, cut, verdicts',
      params: schema.RunParams,
      querystring: schema.RunQuery,
      response: { 200: schema.RunBody, ...schema.refusals },
    },
    handler: async (request) => {
      const { run } = request.params
      if (request.query.findings !== 'none') return knownRun(store, run)
      const { verdict, ...head } = await knownHead(store, run)
      return verdict === undefined ? head : { ...head, verdict: { ...verdict, findings: [] } }
    },
  })
}
