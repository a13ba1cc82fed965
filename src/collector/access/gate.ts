/**
 * The gate before every route: refuses what comes from another site, finds out who asks, looks into the table whether they may, and
 * counts. A route that the table does not have is a programmer error, at the start.
 */
import assert from 'node:assert/strict'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer } from '../http/app.ts'
import type { Store } from '../store/store.ts'
import { type Caller, type CallerContext, type Claim, credentialOf, neighbourOf, strangerOf } from './caller.ts'
import { isCrossSite, isNavigation } from './cross-site.ts'
import { endWithToken } from './lasting.ts'
import { type Permission, permissionOf } from './permissions.ts'
import type { RateLimits } from './rate-limits.ts'
import { RunKeys, keyHashOf } from './run-keys.ts'
import { cookieFor, sessionTokenOf } from './session.ts'
import { hashOf } from './token.ts'

export interface Gate {
  readonly context: CallerContext
  readonly limits: RateLimits
  /** Who sent it; `undefined` at an open route. */
  callerOf(request: FastifyRequest): Caller | undefined
}

export interface GateOptions {
  readonly store: Pick<Store, 'keyOf'>
  readonly context: CallerContext
  readonly limits: RateLimits
  /** Filled here, read by the limits. */
  readonly callers: WeakMap<FastifyRequest, Caller>
}

export function addGate(app: CollectorServer, { store, context, limits, callers }: GateOptions): Gate {
  const keys = new RunKeys(store)
  const isOwnRun = async ({ headers }: FastifyRequest, run: string): Promise<boolean> => {
    const hash = keyHashOf(headers)
    return hash !== undefined && (await keys.isKeyOf(run, hash))
  }

  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      assert(permissionOf(one, url) !== undefined, `${one} ${url} is not in the table of access/permissions.ts`)
  })

  app.addHook('onRequest', async (request, reply) => {
    const permission = request.is404 ? 'open' : permissionOf(request.method, request.routeOptions.url ?? '')
    assert(permission !== undefined, 'a route without a permission is not registered')
    refuseCrossSite(request, permission)
    if (permission === 'open') return limits.countOpen(request)
    const claim = claimOf(request)
    // Whoever needs no token is not counted, refused or not: somebody else's page could use up what is theirs.
    const neighbour = await neighbourOf(claim, context)
    if (neighbour === undefined) await admitStranger(request, reply, claim, permission)
    else callers.set(request, neighbour)
    endWithToken(request, reply, claim, context)
  })

  async function admitStranger(
    request: FastifyRequest,
    reply: FastifyReply,
    claim: Claim,
    permission: Exclude<Permission, 'open'>,
  ): Promise<void> {
    await limits.requirePatience(request, () => isKnown(claim, context))
    try {
      const caller = await strangerOf(claim, context)
      callers.set(request, caller)
      await requireGrant(request, permission, caller, isOwnRun)
      await limits.countCaller(request)
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403))
        await limits.countRefusal(request)
      if (error instanceof ApiError && error.status === 401) forgetSession(request, reply, claim)
      throw error
    }
  }
  return { context, limits, callerOf: (request) => callers.get(request) }
}

/** A cookie that is good for nothing would be sent, and counted, with every request to come. */
function forgetSession(request: FastifyRequest, reply: FastifyReply, { headers }: Claim): void {
  if (headers.authorization === undefined && sessionTokenOf(headers) !== undefined)
    reply.header('set-cookie', cookieFor(request, ''))
}

export const claimOf = ({ method, headers, socket }: FastifyRequest): Claim => ({
  method,
  headers,
  localAddress: socket.localAddress,
})

/** A token that was good a moment ago has not to wait for strangers who send wrong ones from the same address. */
function isKnown(claim: Claim, { book, adminHash }: CallerContext): boolean {
  const credential = credentialOf(claim)
  if (credential === undefined) return false
  const hash = hashOf(credential.token)
  return hash === adminHash || book.knew(hash)
}

function refuseCrossSite({ method, headers }: FastifyRequest, permission: Permission): void {
  if (!isCrossSite(headers)) return
  const isLink = permission === 'open' && (method === 'GET' || method === 'HEAD') && isNavigation(headers)
  if (isLink) return
  throw new ApiError('FORBIDDEN', 'the collector answers no pages of other sites')
}

async function requireGrant(
  request: FastifyRequest<{ Params?: unknown }>,
  permission: Exclude<Permission, 'open'>,
  { role }: Caller,
  isOwnRun: (request: FastifyRequest, run: string) => Promise<boolean>,
): Promise<void> {
  const grant = permission[role]
  if (grant === 'yes') return
  const what = `${request.method} ${request.routeOptions.url ?? ''}`
  if (grant === 'no') throw new ApiError('FORBIDDEN', `the token is of role ${role}, which may not ${what}`)
  if (keyHashOf(request.headers) === undefined)
    throw new ApiError('FORBIDDEN', `with a token of role ${role}, ${what} needs the header plugpull-run-key`)
  const { params } = request
  const run = typeof params === 'object' && params !== null && 'run' in params ? params.run : undefined
  // Whether there is such a run is not for this role to know.
  if (typeof run === 'string' && !(await isOwnRun(request, run)))
    throw new ApiError(
      'FORBIDDEN',
      `with a token of role ${role}, an agent appends to the run alone that it created with this plugpull-run-key`,
    )
}
