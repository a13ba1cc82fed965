/** Everybody who may knock at a collector, each with what they carry: what the tests of access share. */
import type { TestContext } from 'node:test'
import { join } from 'node:path'
import { request } from 'undici'
import type { Limits } from '../../../src/collector/access/rate-limits.ts'
import { makeToken } from '../../../src/collector/access/token.ts'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import { ROLES, type Role, type Store } from '../../../src/collector/store/store.ts'
import { RUN_KEY_HEADER } from '../../../src/io/collector-client.ts'
import { runId, sampleManifest, scratch, startServer } from '../helpers.ts'

export const OWN_RUN = runId(1)
export const OTHER_RUN = runId(2)
export const OWN_KEY = `pp_k_${'k'.repeat(43)}`
export const OTHER_KEY = `pp_k_${'q'.repeat(43)}`
export const TOKEN_FILE = 'bootstrap-token'

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })

/** As good as none: a test of roles asks for more than a person would. */
const UNLIMITED: Limits = { refused: 1e9, append: 1e9, other: 1e9, open: 1e9 }

export interface Cast {
  readonly url: string
  readonly store: Store
  readonly tokens: Readonly<Record<Role, string>>
  readonly revoked: string
  readonly expired: string
}

/** A collector with a token of each role, one that was revoked and one that has expired, and a run of two agents each. */
export async function castOf(t: TestContext, limits: Partial<Limits> = {}): Promise<Cast> {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  const { url } = await startServer(t, store, TOKEN_FILE, { limits: { ...UNLIMITED, ...limits } })
  const make = async (name: string, role: Role, more: { expiresAt?: string } = {}) => {
    const made = makeToken({ name, role, ...more }, new Date().toISOString())
    await store.addToken(made.record)
    return made
  }
  const tokens: Partial<Record<Role, string>> = {}
  for (const role of ROLES) tokens[role] = (await make(role, role)).token
  const { enrolment = '', orchestrator = '', reader = '', admin = '' } = tokens
  const revoked = await make('revoked', 'admin')
  await store.revokeToken(revoked.record.id, new Date().toISOString())
  const expired = await make('expired', 'admin', { expiresAt: '2026-01-01T00:00:00.000Z' })
  for (const [run, key] of [
    [OWN_RUN, OWN_KEY],
    [OTHER_RUN, OTHER_KEY],
  ] as const)
    await ask(url, 'POST', '/v1/runs', { ...bearer(enrolment), [RUN_KEY_HEADER]: key }, newRun(run))
  return {
    url,
    store,
    tokens: { enrolment, orchestrator, reader, admin },
    revoked: revoked.token,
    expired: expired.token,
  }
}

export const newRun = (run: string): string =>
  JSON.stringify({ run, campaign: 'sample', manifest: sampleManifest(run) })

export interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request. Of an answer that does not end, such as a stream of events, only the head is waited for. */
export async function ask(
  url: string,
  method: 'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS',
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await request(`${url}${path}`, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  })
  const isStream = String(response.headers['content-type']).startsWith('text/event-stream')
  const text = isStream ? '' : await response.body.text()
  if (isStream) response.body.destroy()
  return { status: response.statusCode, code: codeOf(text), headers: response.headers, text }
}

function codeOf(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const code = typeof parsed === 'object' && parsed !== null && 'code' in parsed ? parsed.code : undefined
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
