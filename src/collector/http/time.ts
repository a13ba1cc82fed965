/** Times that a client gives: brought to the form in which the store compares them, at the edge of the API. */
import { canonicalTime } from '../../core/time.ts'
import { ApiError } from './api-error.ts'

/** The time as the store has it. Throws BAD_REQUEST, naming `where` (`body/before`), for what is no time. */
export function timeAt(where: string, text: string): string {
  const time = canonicalTime(text)
  if (time !== undefined) return time
  throw new ApiError(
    'BAD_REQUEST',
    `${where} got ${JSON.stringify(text)}, which is no time; it takes ISO 8601, such as 2026-01-31T12:00:00Z`,
  )
}
