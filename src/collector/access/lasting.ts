/** An answer that goes on for hours, such as a stream of events, ends when the token that it was asked for with does. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import { type CallerContext, type Claim, callerOf } from './caller.ts'
import { TOKEN_MEMORY_MS } from './token-book.ts'

const LASTING: ReadonlySet<string | undefined> = new Set(['/v1/events'])

export function endWithToken(request: FastifyRequest, reply: FastifyReply, claim: Claim, context: CallerContext): void {
  if (!LASTING.has(request.routeOptions.url)) return
  const look = async (): Promise<void> => {
    try {
      await callerOf(claim, context)
    } catch (error) {
      // A store that does not answer for a while says nothing of the token.
      if (error instanceof ApiError) request.raw.destroy()
    }
  }
  const timer = setInterval(() => void look(), TOKEN_MEMORY_MS)
  timer.unref()
  reply.raw.once('close', () => clearInterval(timer))
}
