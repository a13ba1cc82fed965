/**
 * The HTTP server around a store: authorisation and the OpenAPI document; what each address does is in routes.ts. It listens where it is told to and knows nothing of processes and signals.
 */
import swagger from '@fastify/swagger'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { monotonicMs } from '../../io/clock.ts'
import type { Caller } from '../access/caller.ts'
import { type Gate, addGate } from '../access/gate.ts'
import { addSecurityHeaders } from '../access/headers.ts'
import { type Limits, addRateLimits } from '../access/rate-limits.ts'
import type { TlsPair } from '../access/tls.ts'
import { TokenBook } from '../access/token-book.ts'
import { hashOf } from '../access/token.ts'
import { answerError, type CollectorServer, createApp } from './app.ts'
import { CollectorMetrics } from '../metrics/metrics.ts'
import { GroupCommit } from '../store/group-commit.ts'
import { noSuchAddress } from './page.ts'
import { addRoutes } from './routes.ts'
import type { Store } from '../store/store.ts'
import { verdictTeller } from '../webhook/verdict-teller.ts'
import type { Webhooks } from '../webhook/webhooks.ts'

export interface ServerOptions {
  readonly store: Store
  readonly version: string
  readonly logger: FastifyBaseLogger
  /** The token of --token-file, which may do everything. */
  readonly token?: string
  readonly tls?: TlsPair
  readonly limits?: Limits
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
  /** Absent: counted, but without what Node tells of the process. */
  readonly metrics?: CollectorMetrics
  /** Absent: nobody is told of verdicts. */
  readonly webhooks?: Webhooks
}

async function gateOf(app: CollectorServer, { store, token, now, limits }: ServerOptions): Promise<Gate> {
  const callers = new WeakMap<FastifyRequest, Caller>()
  const context = {
    book: new TokenBook(store, monotonicMs),
    adminHash: token === undefined ? undefined : hashOf(token),
    now,
  }
  return addGate(app, { store, context, callers, limits: await addRateLimits(app, callers, limits) })
}

/** A line for each request, for whoever asks for that much: without its query and what it carries. */
function logRequests(app: CollectorServer, gate: Gate): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, ip } = request
    const by = gate.callerOf(request)?.name
    const ms = Math.round(reply.elapsedTime)
    request.log.debug({ method, route: routeOptions.url, status: reply.statusCode, ms, ip, by }, 'request')
  })
}

/** Ready to listen. `close()` waits for what is under way; the store stays open, it is the caller's. */
export async function createServer(options: ServerOptions): Promise<CollectorServer> {
  const { store, now } = options
  const app = createApp(options.logger, options.tls)
  const metrics = options.metrics ?? new CollectorMetrics({ version: options.version, ofProcess: false })
  const commits = new GroupCommit(store, (appends) => metrics.committed(appends))
  // Responses are sent as they are: a serialiser built from a schema would drop what the schema does not name.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler(answerError)
  app.removeContentTypeParser('text/plain')
  app.setNotFoundHandler((request, reply) => {
    answerError(noSuchAddress(request), request, reply)
  })
  addSecurityHeaders(app, options.tls !== undefined)
  const gate = await gateOf(app, options)
  logRequests(app, gate)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'plugpull collector',
        version: options.version,
        description: 'Runs, their logs, cuts and verdicts.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  })
  addRoutes(app, {
    store,
    commits,
    metrics,
    version: options.version,
    now,
    gate,
    ...(options.webhooks === undefined ? {} : { verdictAdded: verdictTeller(store, options.webhooks, options.logger) }),
  })
  app.addHook('onClose', () => commits.drain())
  await app.ready()
  return app
}
