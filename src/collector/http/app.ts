/** The bare HTTP server: its limits, how it validates, and how it answers what goes wrong. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  LogController,
} from 'fastify'
import { type RequestListener, createServer as createHttp } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { Server as HttpsServer, createServer as createHttps } from 'node:https'
import { stepsOfDepth } from '../../core/depth.ts'
import { type TlsPair, answerPlain, tlsOptions } from '../access/tls.ts'
import { ApiError, apiErrorOf } from './api-error.ts'

/** A request that sends no byte for so long has lost its client. */
const REQUEST_LIMIT_MS = 60_000
/** A client that takes longer to say what it wants does not mean well, or has lost its network. */
const HEADERS_LIMIT_MS = 15_000
const HEADER_BYTES_MAX = 16 << 10
const IDLE_LIMIT_MS = 72_000
const CHECK_MS = 5000
/** More than the agents that one collector can serve; beyond it connections are closed at once. */
const CONNECTIONS_MAX = 16_384
const LIMITS = {
  maxHeaderSize: HEADER_BYTES_MAX,
  headersTimeout: HEADERS_LIMIT_MS,
  requestTimeout: REQUEST_LIMIT_MS,
  keepAliveTimeout: IDLE_LIMIT_MS,
  connectionsCheckingInterval: CHECK_MS,
}
/** No document of ours is nested so deep. */
const DEPTH_MAX = 40
const JSON_BYTES_MAX = 2 << 20
/** Paths are never long; a campaign's name of 200 characters can take 9 bytes for each once it is in one. */
const PARAM_LENGTH_MAX = 2000

/** A server without addresses: limits, validation, and one way to answer errors. */
export function createApp(logger: FastifyBaseLogger, tls?: TlsPair) {
  const app = fastify({
    loggerInstance: logger,
    // A line for each request would drown the ones that matter: appends come many times a second.
    logController: new LogController({ disableRequestLogging: true }),
    // Load balancers probe with HEAD. Answers that are streamed have none: to tell their length they would be made whole.
    exposeHeadRoutes: true,
    serverFactory: serverFactory(tls),
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
  app.addHook('preValidation', async ({ body }) => requireShallow(body))
  return app
}

/** What checks, compares or writes a document calls itself for each level of it. */
async function requireShallow(body: unknown): Promise<void> {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return
  for (const isTooDeep of stepsOfDepth(body, DEPTH_MAX)) {
    if (isTooDeep) throw new ApiError('BAD_REQUEST', `body is nested more than ${DEPTH_MAX} deep`)
    await setImmediate()
  }
}

export type CollectorServer = ReturnType<typeof createApp>

/** HTTP, or HTTPS on the same terms. */
function serverFactory(tls: TlsPair | undefined): FastifyServerFactory {
  return (handler) => {
    const answer: RequestListener = (request, response) => handler(request, response)
    const server =
      tls === undefined ? createHttp(LIMITS, answer) : createHttps({ ...LIMITS, ...tlsOptions(tls) }, answer)
    if (server instanceof HttpsServer) answerPlain(server)
    server.maxConnections = CONNECTIONS_MAX
    return server
  }
}

/** One shape for every error, logged where the fault is ours. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = apiErrorOf(error)
  const { routeOptions, method } = request
  if (answer.status >= 500) request.log.error({ err: error, method, route: routeOptions.url }, answer.message)
  if (answer.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer realm="plugpull"')
  if (answer.retryAfterS !== undefined) reply.header('retry-after', answer.retryAfterS)
  void reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
}
