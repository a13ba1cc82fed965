/**
 * How much one caller may ask for. A limit is there for what runs wild, not to share out: a thousand agents may stand behind one
 * address and have one token. What is refused is counted by address, the rest by token; whoever is over gets RATE_LIMITED with
 * `retry-after`, and nothing of the request was kept.
 *
 * What an address sends to a name counts apart from what it sends to an address or to localhost: a page whose name was made to point
 * here (DNS rebinding) sends from the user's own address, and uses up what is its own.
 */
import rateLimit from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer } from '../http/app.ts'
import type { Caller } from './caller.ts'
import { isUnmistakable } from './cross-site.ts'

const WINDOW_S = 10

/** Requests in ten seconds. docs/ACCESS.md lists them. */
export const LIMITS = {
  /** Requests of one address that were refused for want of a right. */
  refused: 100,
  /** Appends of one token. */
  append: 100_000,
  /** Other requests of one token. */
  other: 10_000,
  /** Requests of one address that need no token: pages, /health, signing in. */
  open: 5000,
} as const

export type Limits = Readonly<Record<keyof typeof LIMITS, number>>

export interface RateLimits {
  countOpen(request: FastifyRequest): Promise<void>
  countCaller(request: FastifyRequest): Promise<void>
  countRefusal(request: FastifyRequest): Promise<void>
  /** Throws where the address was refused too often, unless `isKnown`. */
  requirePatience(request: FastifyRequest, isKnown: () => boolean): Promise<void>
}

export async function addRateLimits(
  app: CollectorServer,
  callers: Pick<WeakMap<FastifyRequest, Caller>, 'get'>,
  limits: Limits = LIMITS,
): Promise<RateLimits> {
  await app.register(rateLimit, { global: false, timeWindow: WINDOW_S * 1000 })
  const byCaller = (request: FastifyRequest): string => callers.get(request)?.id ?? request.ip
  const open = app.createRateLimit({ max: limits.open, keyGenerator: byAddress })
  const refused = app.createRateLimit({ max: limits.refused, keyGenerator: byAddress })
  const append = app.createRateLimit({ max: limits.append, keyGenerator: byCaller })
  const other = app.createRateLimit({ max: limits.other, keyGenerator: byCaller })
  return {
    countOpen: async (request) => refuseOver(await open(request)),
    countCaller: async (request) => refuseOver(await (isAppend(request) ? append : other)(request)),
    countRefusal: async (request) => {
      await refused(request)
    },
    requirePatience: async (request, isKnown) => {
      const state = await refused(request, { increment: false })
      // The one after the last that is allowed is the first to be refused.
      if (!state.isAllowed && state.remaining === 0 && !isKnown()) throw tooMany(state.ttlInSeconds)
    },
  }
}

const byAddress = ({ ip, headers }: FastifyRequest): string => (isUnmistakable(headers.host) ? ip : `${ip} by name`)

const isAppend = ({ method, routeOptions }: FastifyRequest): boolean =>
  method === 'POST' && routeOptions.url === '/v1/runs/:run/log'

type State = Awaited<ReturnType<ReturnType<CollectorServer['createRateLimit']>>>

function refuseOver(state: State): void {
  if (!state.isAllowed && state.isExceeded) throw tooMany(state.ttlInSeconds)
}

const tooMany = (seconds: number): ApiError => {
  const retryAfterS = Math.max(1, seconds)
  return new ApiError('RATE_LIMITED', `too many requests; try again in ${retryAfterS} s`, { retryAfterS })
}
