/** Who asks the analyst: what its questions are counted by, and whether it still listens. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Gate } from '../../access/gate.ts'
import { ApiError } from '../../http/api-error.ts'

export interface Asker {
  readonly caller: string
  /** Aborted once nobody waits for the answer. */
  readonly signal: AbortSignal
}

/** One token may be that of a whole team, so its addresses count apart. */
export function askerOf(gate: Gate, request: FastifyRequest, { raw }: FastifyReply): Asker {
  const closed = new AbortController()
  if (raw.destroyed) closed.abort()
  else raw.once('close', () => closed.abort())
  return { caller: `${gate.callerOf(request)?.id ?? ''} ${request.ip}`, signal: closed.signal }
}

/** Nobody hears it. */
export class AskerGone extends ApiError {
  constructor() {
    super('BAD_REQUEST', 'the client went away before its turn came')
  }
}
