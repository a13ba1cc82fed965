/** Whether whoever asks at an open address may read what is not for everybody. */
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../http/api-error.ts'
import { type CallerContext, callerOf } from './caller.ts'
import { claimOf } from './gate.ts'

/** False too where the token is wrong: the address is open all the same. */
export async function isReader(request: FastifyRequest, context: CallerContext): Promise<boolean> {
  try {
    const { role } = await callerOf(claimOf(request), context)
    return role !== 'enrolment'
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}
