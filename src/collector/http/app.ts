/** The bare HTTP server: its limits, how it validates, and how it answers what goes wrong. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { ApiError, apiErrorOf } from './api-error.ts'

/** A request that sends no byte for so long has lost its client. */
const REQUEST_LIMIT_MS = 60_000
const JSON_BYTES_MAX = 2 << 20
/** Paths are never long; a campaign's name of 200 characters can take 9 bytes for each once it is in one. */
const PARAM_LENGTH_MAX = 2000

/** A server without addresses: limits, validation, and one way to answer errors. */
export function createApp(logger: FastifyBaseLogger) {
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

export type CollectorServer = ReturnType<typeof createApp>

/** One shape for every error, logged where the fault is ours. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = apiErrorOf(error)
  if (answer.status >= 500) request.log.error({ err: error, method: request.method, url: request.url }, answer.message)
  // Not Basic: a browser would put its own question before the page's.
  if (answer.code === 'UNAUTHORIZED') reply.header('www-authenticate', 'Bearer realm="plugpull"')
  void reply.code(answer.status).type('application/json; charset=utf-8').send(JSON.stringify(answer.body))
}
