/** Signing in and out for browsers, and who one is. */
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer } from '../http/app.ts'
import { refusals } from '../http/schemas.ts'
import { type Caller, bearerOf } from './caller.ts'
import type { Gate } from './gate.ts'
import { SessionBody, SignInBody, SignedOutBody } from './schemas.ts'
import { cookieFor } from './session.ts'

export function addSessionRoutes(app: CollectorServer, gate: Gate): void {
  app.route({
    method: 'POST',
    url: '/v1/session',
    schema: {
      summary: 'Sign a browser in: a cookie with the token, for reading',
      security: [],
      body: SignInBody,
      response: { 200: SessionBody, ...refusals },
    },
    handler: async (request, reply) => {
      await gate.limits.requirePatience(request, () => false)
      const caller = await signedIn(request, request.body.token, gate)
      reply.header('set-cookie', cookieFor(request, request.body.token))
      return sessionOf(caller)
    },
  })

  app.route({
    method: 'GET',
    url: '/v1/session',
    schema: { summary: 'Who asks, and what role that is', response: { 200: SessionBody, ...refusals } },
    handler: async (request) => {
      const caller = gate.callerOf(request)
      if (caller === undefined) throw new ApiError('UNAUTHORIZED', 'a token is needed')
      return sessionOf(caller)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/v1/session',
    schema: {
      summary: 'Sign a browser out: takes the cookie away',
      security: [],
      response: { 200: SignedOutBody, ...refusals },
    },
    handler: async (request, reply) => {
      reply.header('set-cookie', cookieFor(request, ''))
      return { signedOut: true as const }
    },
  })
}

async function signedIn(request: FastifyRequest, token: string, { context, limits }: Gate): Promise<Caller> {
  try {
    const caller = await bearerOf(token, 'session', context)
    if (caller.role !== 'enrolment') return caller
    throw new ApiError('FORBIDDEN', 'a token of role enrolment may read nothing; sign in with one of role reader')
  } catch (error) {
    await limits.countRefusal(request)
    throw error
  }
}

const sessionOf = ({ role, by, name, expiresAt }: Caller) => ({
  role,
  by,
  name,
  ...(expiresAt === undefined ? {} : { expiresAt }),
})
