/** What the HTTP API says when it says no: a stable code, its status, and one sentence. docs/HTTP-API.md lists the same codes. */
import type { FastifyError } from 'fastify'
import { ProbeError } from '../../core/errors.ts'

/** Every code of the API with its HTTP status and meaning. */
export const API_ERRORS = {
  BAD_REQUEST: { status: 400, meaning: 'the request is not one that the API takes; the message names the field' },
  UNAUTHORIZED: { status: 401, meaning: 'the token is missing, wrong, expired or revoked' },
  FORBIDDEN: { status: 403, meaning: 'the token is good, and its role may not do this; or another site asks' },
  RUN_UNKNOWN: { status: 404, meaning: 'there is no run of that id' },
  CAMPAIGN_UNKNOWN: { status: 404, meaning: 'there is no run of that campaign' },
  VERDICT_UNKNOWN: { status: 404, meaning: 'the run has no verdict of that number' },
  FINDING_UNKNOWN: { status: 404, meaning: 'the newest verdict of the run lists no finding of that number' },
  TOKEN_UNKNOWN: { status: 404, meaning: 'there is no token of that id' },
  NOT_FOUND: { status: 404, meaning: 'there is no such address' },
  RUN_CONFLICT: { status: 409, meaning: 'the run is there already, with another campaign or manifest' },
  LOG_GAP: { status: 409, meaning: 'the offset lies beyond the end of the log; `offset` tells where that is' },
  LOG_CONFLICT: { status: 409, meaning: 'the log holds other bytes there; `offset` tells the first that differs' },
  CUT_CONFLICT: { status: 409, meaning: 'another cut is recorded for the run already' },
  TOKEN_CONFLICT: { status: 409, meaning: 'a token of that name is there already' },
  LOG_PRUNED: { status: 410, meaning: 'the log of the run was pruned; its verdicts are kept' },
  TOO_LARGE: { status: 413, meaning: 'the body is larger than the address takes' },
  MEDIA_TYPE: { status: 415, meaning: 'the content type is not the one that the address takes' },
  EVIDENCE_UNUSABLE: {
    status: 422,
    meaning: 'the log or the verdict of the run is not as agent and verify write them; the message says how',
  },
  RATE_LIMITED: {
    status: 429,
    meaning: 'too many requests; header `retry-after` tells in how many seconds to try again',
  },
  INTERNAL: { status: 500, meaning: 'a fault in the collector: its log has the details' },
  TOO_MANY_LISTENERS: {
    status: 503,
    meaning:
      'as many clients listen to events as the collector takes, in all or with one token; later there may be room',
  },
  STORE_UNAVAILABLE: { status: 503, meaning: 'the store cannot be used; nothing of the request was kept' },
  STORE_FULL: {
    status: 507,
    meaning: 'the store has no room left; nothing of the request was kept, all before is intact',
  },
} as const satisfies Record<string, { readonly status: number; readonly meaning: string }>

export type ApiErrorCode = keyof typeof API_ERRORS

const isApiErrorCode = (code: string): code is ApiErrorCode => Object.hasOwn(API_ERRORS, code)
export const API_ERROR_CODES: readonly ApiErrorCode[] = Object.keys(API_ERRORS).filter(isApiErrorCode)

/** A refusal on its way to the client. */
export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly offset: number | undefined
  /** Seconds after which another try is worth it. */
  readonly retryAfterS: number | undefined

  constructor(
    code: ApiErrorCode,
    message: string,
    details: { offset?: number; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause })
    this.name = 'ApiError'
    this.code = code
    this.offset = details.offset
    this.retryAfterS = details.retryAfterS
  }

  get status(): number {
    return API_ERRORS[this.code].status
  }

  get body(): { code: ApiErrorCode; message: string; offset?: number } {
    return { code: this.code, message: this.message, ...(this.offset === undefined ? {} : { offset: this.offset }) }
  }
}

export const runUnknown = (run: string): ApiError =>
  new ApiError('RUN_UNKNOWN', `the collector has no run ${JSON.stringify(run)}; GET /v1/runs lists those it has`)

export const campaignUnknown = (campaign: string): ApiError =>
  new ApiError(
    'CAMPAIGN_UNKNOWN',
    `the collector has no campaign ${JSON.stringify(campaign)}; GET /v1/campaigns lists those it has`,
  )

/** Whatever a handler threw, as what the client is told. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof ProbeError) {
    const code = isApiErrorCode(error.code) ? error.code : 'INTERNAL'
    return new ApiError(code, error.message, { cause: error })
  }
  return isFastifyError(error) ? fromFastify(error) : internal(error)
}

const internal = (error: unknown): ApiError =>
  new ApiError('INTERNAL', 'a fault in the collector; its log has the details', { cause: error })

const isFastifyError = (error: unknown): error is FastifyError => error instanceof Error && 'code' in error

function fromFastify(error: FastifyError): ApiError {
  if (error.validation !== undefined) return new ApiError('BAD_REQUEST', validationMessage(error), { cause: error })
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('TOO_LARGE', 'the body is larger than this address takes; send it in smaller pieces', {
        cause: error,
      })
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(
        'MEDIA_TYPE',
        `${error.message}; a log takes application/octet-stream, the rest application/json`,
        { cause: error },
      )
  }
  const ours = error.statusCode === undefined || error.statusCode >= 500
  return ours ? internal(error) : new ApiError('BAD_REQUEST', error.message, { cause: error })
}

/** `querystring/offset must match pattern "^[0-9]{1,15}$", got "-1"`. */
function validationMessage(error: FastifyError): string {
  const first = error.validation?.[0]
  if (first === undefined) return error.message
  const got = 'data' in first && first.instancePath !== '' ? `, got ${brief(first.data)}` : ''
  const allowed = Array.isArray(first.params['allowedValues']) ? ` (${first.params['allowedValues'].join(', ')})` : ''
  return `${error.validationContext ?? 'request'}${first.instancePath} ${first.message ?? 'is not valid'}${allowed}${got}`
}

function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
