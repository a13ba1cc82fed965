/** Tokens over HTTP: made, listed, revoked. A token is in one answer, that to its making. */
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer } from '../http/app.ts'
import { refusals } from '../http/schemas.ts'
import { timeAt } from '../http/time.ts'
import type { Store } from '../store/store.ts'
import type { Gate } from './gate.ts'
import { NewTokenBody, TokenCreatedBody, TokenParams, TokenRevokedBody, TokensBody } from './schemas.ts'
import { makeToken, viewOf } from './token.ts'

export function addTokenRoutes(app: CollectorServer, store: Store, gate: Gate): void {
  addCreateToken(app, store, gate)
  app.route({
    method: 'GET',
    url: '/v1/tokens',
    schema: {
      summary: 'List tokens, the oldest first; what a token is cannot be had again',
      response: { 200: TokensBody, ...refusals },
    },
    handler: async () => ({ tokens: (await store.tokens()).map(viewOf) }),
  })
  addRevokeToken(app, store, gate)
}

function addCreateToken(app: CollectorServer, store: Store, gate: Gate): void {
  app.route({
    method: 'POST',
    url: '/v1/tokens',
    schema: {
      summary: 'Make a token; this answer alone has it',
      body: NewTokenBody,
      response: { 201: TokenCreatedBody, ...refusals },
    },
    handler: async (request, reply) => {
      const { name, role, expiresAt } = request.body
      const now = gate.context.now()
      const until = expiresAt === undefined ? undefined : timeAt('body/expiresAt', expiresAt)
      if (until !== undefined && until <= now)
        throw new ApiError('BAD_REQUEST', `body/expiresAt must lie in the future, got ${JSON.stringify(expiresAt)}`)
      const expiry = until === undefined ? {} : { expiresAt: until }
      const { token, record } = makeToken({ name, role, ...expiry }, now)
      if ((await store.addToken(record)) === 'taken')
        throw new ApiError(
          'TOKEN_CONFLICT',
          `a token of the name ${JSON.stringify(name)} is there already; revoke it first, or take another name`,
        )
      gate.context.book.forget()
      request.log.info({ id: record.id, role, tokenName: name, by: gate.callerOf(request)?.name }, 'token made')
      return reply.code(201).send({ token, ...viewOf(record) })
    },
  })
}

function addRevokeToken(app: CollectorServer, store: Store, gate: Gate): void {
  app.route({
    method: 'DELETE',
    url: '/v1/tokens/:id',
    schema: {
      summary: 'Revoke a token; again is no error',
      params: TokenParams,
      response: { 200: TokenRevokedBody, ...refusals },
    },
    handler: async (request) => {
      const { id } = request.params
      const outcome = await store.revokeToken(id, gate.context.now())
      if (outcome === 'unknown')
        throw new ApiError(
          'TOKEN_UNKNOWN',
          `there is no token ${JSON.stringify(id)}; GET /v1/tokens lists those there are`,
        )
      gate.context.book.forget()
      if (outcome === 'revoked') request.log.info({ id, by: gate.callerOf(request)?.name }, 'token revoked')
      return { id, revoked: outcome === 'revoked' }
    },
  })
}
