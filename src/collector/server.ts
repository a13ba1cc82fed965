/**
 * The HTTP server around a store: validation, authorisation, errors and the OpenAPI document in one place; what each
 * address does is in routes.ts. It listens where it is told to and knows nothing of processes and signals.
 */
import swagger from '@fastify/swagger'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { ApiError, apiErrorOf } from './api-error.ts'
import { authorise } from './authorise.ts'
import { GroupCommit } from './group-commit.ts'
import { addRoutes } from './routes.ts'
import type { Store } from './store.ts'

export interface ServerOptions {
  readonly store: Store
  readonly version: string
  readonly logger: FastifyBaseLogger
  /** Absent: everybody may. */
  readonly token?: string
  /** Wall clock, ISO 8601, UTC. */
  readonly now: () => string
}

/** A request that sends no byte for so long has lost its client. */
const REQUEST_LIMIT_MS = 60_000
const JSON_BYTES_MAX = 2 << 20
/** Paths are never long; a campaign's name of 200 characters can take 9 bytes for each once it is in one. */
const PARAM_LENGTH_MAX = 2000

function create(logger: FastifyBaseLogger) {
  return fastify({
    loggerInstance: logger,
    // A line for each request would drown the ones that matter: appends come many times a second.
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    requestTimeout: REQUEST_LIMIT_MS,
    bodyLimit: JSON_BYTES_MAX,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PARAM_LENGTH_MAX },
    // `verbose` puts the offending value beside each error, for the message.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, verbose: true } },
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify(new ApiError('BAD_REQUEST', 'this is not an HTTP request that can be read').body)
      const head = `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`
      if (socket.writable) socket.write(`${head}\r\nconnection: close\r\n\r\n${body}`)
      socket.destroy()
    },
  }).withTypeProvider<TypeBoxTypeProvider>()
}

export type CollectorServer = ReturnType<typeof create>

/** Ready to listen. `close()` waits for what is under way; the store stays open, it is the caller's. */
export async function createServer(options: ServerOptions): Promise<CollectorServer> {
  const { store, token } = options
  const app = create(options.logger)
  const commits = new GroupCommit(store)
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
  addRoutes(app, { store, commits, version: options.version, now: options.now })
  app.addHook('onClose', () => commits.drain())
  await app.ready()
  return app
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = apiErrorOf(error)
  if (answer.status >= 500) request.log.error({ err: error, method: request.method, url: request.url }, answer.message)
  if (answer.code === 'UNAUTHORIZED')
    reply.header('www-authenticate', 'Basic realm="plugpull, any user, the token as password"')
  void reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
}
