/** The log of a run: appended to at an offset, answered once it is on stable storage, and read back as a stream. */
import { performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { Compile } from 'typebox/compile'
import type { RunProgress } from '../../core/campaign/campaign.ts'
import { ProbeError } from '../../core/errors.ts'
import { APPEND_BYTES_MAX, PROGRESS_HEADER } from '../../io/collector-client.ts'
import { ApiError, runUnknown } from './api-error.ts'
import { type CollectorServer, knownHead, type RouteContext } from './route-context.ts'
import * as schema from './schemas.ts'
import type { AppendOutcome } from '../store/store.ts'

const OCTETS = 'application/octet-stream'

/** Compiled: it comes with every append, and looked up step by step it costs as much as all of the routing. */
const PROGRESS = Compile(schema.Progress)

export function addLogRoutes(app: CollectorServer, context: RouteContext): void {
  app.addContentTypeParser(OCTETS, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  addAppend(app, context)
  addRead(app, context)
}

function addAppend(app: CollectorServer, { commits, metrics, now }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/runs/:run/log',
    bodyLimit: APPEND_BYTES_MAX,
    schema: {
      summary: 'Append to the log at an offset; answered once the bytes are on stable storage',
      description: `At most ${APPEND_BYTES_MAX} bytes. Header ${PROGRESS_HEADER}: what the agent is doing, as JSON.`,
      consumes: [OCTETS],
      params: schema.RunParams,
      querystring: schema.AppendQuery,
      response: { 200: schema.AppendedBody, ...schema.refusals },
    },
    handler: async (request) => {
      const { run } = request.params
      const progress = progressOf(request.headers[PROGRESS_HEADER])
      const bytes = bodyBytes(request.body)
      const began = performance.now()
      const outcome = await commits.append({
        run,
        offset: Number(request.query.offset),
        bytes,
        at: now(),
        ...(progress === undefined ? {} : { progress }),
      })
      metrics.appended({ run, bytes: bytes.length, progress }, outcome.kind, (performance.now() - began) / 1000)
      return { offset: storedOffset(run, outcome) }
    },
  })
}

function addRead(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/log',
    exposeHeadRoute: false,
    schema: {
      summary: 'Read the log back, from an offset to its end',
      params: schema.RunParams,
      querystring: schema.ReadQuery,
      produces: [OCTETS],
      response: { 200: schema.LogBody, ...schema.refusals },
    },
    handler: async (request, reply) => {
      const from = Number(request.query.offset ?? 0)
      const { run, bytes: end, logPruned } = await knownHead(store, request.params.run)
      if (logPruned !== undefined) throw new ApiError('LOG_PRUNED', `the log of run ${run} was pruned at ${logPruned}`)
      if (from > end) {
        throw new ApiError('LOG_GAP', `the log of run ${run} ends at ${end}, there is nothing at ${from}`, {
          offset: end,
        })
      }
      reply.header('content-length', end - from).header('content-disposition', `attachment; filename="${run}.log"`)
      reply.type(OCTETS)
      const stream = Readable.from(store.readLog(run, from, end), { objectMode: false })
      // The head is sent by then: the client sees a body that is too short, the reason is in our log.
      stream.on('error', (error) => {
        if (error instanceof ProbeError) request.log.error({ err: error, run }, 'log not read to its end')
      })
      return reply.send(stream)
    },
  })
}

/** A request without a body appends nothing: it only tells progress. */
function bodyBytes(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (body === undefined || body === null) return new Uint8Array(0)
  throw new ApiError('MEDIA_TYPE', `a log takes ${OCTETS}`)
}

function progressOf(header: string | string[] | undefined): RunProgress | undefined {
  if (header === undefined) return undefined
  const progress = parseJson(String(header))
  if (!PROGRESS.Check(progress)) {
    throw new ApiError(
      'BAD_REQUEST',
      `header ${PROGRESS_HEADER} must be JSON such as {"state":"writing","issued":2,"completed":1,"flushes":0}`,
    )
  }
  return progress
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function storedOffset(run: string, outcome: AppendOutcome): number {
  switch (outcome.kind) {
    case 'stored':
      return outcome.offset
    case 'gap':
      throw new ApiError('LOG_GAP', `the log of run ${run} ends at ${outcome.offset}; go on from there`, {
        offset: outcome.offset,
      })
    case 'conflict':
      throw new ApiError(
        'LOG_CONFLICT',
        `the log of run ${run} holds another byte at ${outcome.offset}; nothing was kept`,
        { offset: outcome.offset },
      )
    case 'pruned':
      throw new ApiError('LOG_PRUNED', `the log of run ${run} was pruned; nothing more can be appended to it`)
    case 'run-unknown':
      throw runUnknown(run)
  }
}
