/** What is told of a run after its log: how it was cut, and what the verifier said. */
import { factsOf, wasToldToLie } from '../../core/campaign/facts.ts'
import { ApiError, runUnknown } from './api-error.ts'
import { type CollectorServer, knownHead, type RouteContext } from './route-context.ts'
import * as schema from './schemas.ts'
import { verdictFault } from './verdict-check.ts'

/** Every list of runs shows how they were cut. */
export const CUT_BYTES_MAX = 64 << 10
/** Verdicts list findings, up to the verifier's cap. */
const VERDICT_BYTES_MAX = 64 << 20

export function addEvidenceRoutes(app: CollectorServer, context: RouteContext): void {
  addCut(app, context)
  addVerdict(app, context)
  addReadVerdict(app, context)
}

function addCut(app: CollectorServer, { store, metrics, now }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/runs/:run/cut',
    bodyLimit: CUT_BYTES_MAX,
    schema: {
      summary: 'Record how the power was really cut; the same again is no error',
      params: schema.RunParams,
      body: schema.Cut,
      response: { 200: schema.CutRecordedBody, 201: schema.CutRecordedBody, ...schema.refusals },
    },
    handler: async (request, reply) => {
      const { run } = request.params
      const outcome = await store.recordCut(run, request.body, now())
      if (outcome === 'run-unknown') throw runUnknown(run)
      if (outcome === 'different') {
        throw new ApiError('CUT_CONFLICT', `run ${run} has another cut on record already; a run is cut once`)
      }
      const recorded = outcome === 'recorded'
      if (recorded) {
        metrics.cutRecorded(request.body.died)
        const { kind, died, signal } = request.body
        request.log.info({ run, cut: { kind, died, signal } }, 'cut recorded')
      }
      return reply.code(recorded ? 201 : 200).send({ run, recorded })
    },
  })
}

function addVerdict(app: CollectorServer, { store, metrics, now, verdictAdded }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/runs/:run/verdicts',
    bodyLimit: VERDICT_BYTES_MAX,
    schema: {
      summary: 'Add a verdict; the newest one again is no error',
      params: schema.RunParams,
      body: schema.VerdictBody,
      response: { 201: schema.VerdictAddedBody, ...schema.refusals },
    },
    handler: async (request, reply) => {
      const { run } = request.params
      const verdict = request.body
      if (verdict.run !== run) throw new ApiError('BAD_REQUEST', `body/run is ${verdict.run}, not ${run}`)
      const fault = await verdictFault(verdict)
      if (fault !== undefined) throw new ApiError('BAD_REQUEST', `body: ${fault}`)
      const { manifest } = await knownHead(store, run)
      const at = now()
      const number = await store.addVerdict(run, at, verdict)
      if (number === 'run-unknown') throw runUnknown(run)
      metrics.verdictAdded(verdict.verdict, wasToldToLie(factsOf(manifest)))
      verdictAdded?.(number, at, verdict)
      request.log.info({ run, number, verdict: verdict.verdict }, 'verdict added')
      return reply.code(201).send({ run, number })
    },
  })
}

function addReadVerdict(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/verdicts/:number',
    schema: {
      summary: 'One verdict of a run, with its findings',
      params: schema.VerdictParams,
      response: { 200: schema.VerdictBody, ...schema.refusals },
    },
    handler: async (request, reply) => {
      const { run, number } = request.params
      const { verdicts } = await knownHead(store, run)
      const verdict = await store.verdict(run, Number(number))
      if (verdict === undefined) {
        throw new ApiError('VERDICT_UNKNOWN', `run ${run} has no verdict ${number}; it has ${verdicts.length}`)
      }
      return reply.header('content-disposition', `inline; filename="${run}.verdict-${number}.json"`).send(verdict)
    },
  })
}
