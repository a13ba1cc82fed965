/**
 * The HTTP server around a store: authorisation and the OpenAPI document; what each address does is in routes.ts. It listens where it is told to and knows nothing of processes and signals.
 */
import swagger from '@fastify/swagger'
import type { FastifyBaseLogger } from 'fastify'
import { answerError, type CollectorServer, createApp } from './app.ts'
import { ApiError } from './api-error.ts'
import { authorise } from './authorise.ts'
import { CollectorMetrics } from '../metrics/metrics.ts'
import { GroupCommit } from '../store/group-commit.ts'
import { addRoutes } from './routes.ts'
import type { Store } from '../store/store.ts'
import { verdictTeller } from '../webhook/verdict-teller.ts'
import type { Webhooks } from '../webhook/webhooks.ts'

export interface ServerOptions {
  readonly store: Store
  readonly version: string
  readonly logger: FastifyBaseLogger
  /** Absent: everybody may. */
  readonly token?: string
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
  /** Absent: counted, but without what Node tells of the process. */
  readonly metrics?: CollectorMetrics
  /** Absent: nobody is told of verdicts. */
  readonly webhooks?: Webhooks
}

/** Ready to listen. `close()` waits for what is under way; the store stays open, it is the caller's. */
export async function createServer(options: ServerOptions): Promise<CollectorServer> {
  const { store, token } = options
  const app = createApp(options.logger)
  const metrics = options.metrics ?? new CollectorMetrics({ version: options.version, ofProcess: false })
  const commits = new GroupCommit(store, (appends) => metrics.committed(appends))
  // Responses are sent as they are: a serialiser built from a schema would drop what the schema does not name.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler(answerError)
  app.removeContentTypeParser('text/plain')
  app.setNotFoundHandler((request, reply) => {
    answerError(
      new ApiError('NOT_FOUND', `there is no ${request.method} ${request.url}; GET /openapi.json lists what there is`),
      request,
      reply,
    )
  })
  if (token !== undefined) {
    app.addHook('onRequest', async (request) => {
      if (request.routeOptions.url !== '/health') authorise(request.headers.authorization, token)
    })
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'plugpull collector',
        version: options.version,
        description: 'Runs, their logs, cuts and verdicts.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: token === undefined ? [] : [{ token: [] }],
    },
  })
  addRoutes(app, {
    store,
    commits,
    metrics,
    version: options.version,
    now: options.now,
    ...(options.webhooks === undefined ? {} : { verdictAdded: verdictTeller(store, options.webhooks, options.logger) }),
  })
  app.addHook('onClose', () => commits.drain())
  await app.ready()
  return app
}
