/**
 * The collector as its users see it: agent, verifier and rig talk to it through this and nothing else.
 *
 * Every call has a limit, and every failure is one of few errors: COLLECTOR_UNREACHABLE may pass by itself and is worth
 * another try, COLLECTOR_REFUSED, COLLECTOR_UNTRUSTED and RUN_UNKNOWN are not. Appends can be repeated at will: the collector never stores a
 * byte twice. Pacing, back-off and what to do meanwhile are the caller's.
 */
import { readFileSync } from 'node:fs'
import type { Dispatcher } from 'undici'
import type {
  CampaignCounts,
  CampaignView,
  CutRecord,
  RunProgress,
  RunSummary,
  RunView,
} from '../core/campaign/campaign.ts'
import { messageOf, ProbeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import type { Verdict } from '../core/verdict.ts'
import { monotonicMs, sleepMs } from './clock.ts'
import { accessRefused, isAboutAccess } from './access-refused.ts'
import { tlsReasonOf } from './tls-reason.ts'

/** Largest body of one append. */
export const APPEND_BYTES_MAX = 4 << 20
/** Request header that carries a RunProgress as JSON. */
export const PROGRESS_HEADER = 'plugpull-progress'

const LIMIT_MS = 30_000
/** Answers of whatever stands before a collector, of which the next may be another. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])
/** Nobody is asked again sooner, whatever he says. */
const RETRY_AFTER_MS_MIN = 50
/** Times a log is read on from where the connection broke, without a byte in between, before giving up. */
const READ_RESUMES_MAX = 3

/** Request header with the key of a run: what was created with one is appended to with the same one. */
export const RUN_KEY_HEADER = 'plugpull-run-key'

export interface CollectorClientOptions {
  readonly token?: string
  /** Certificates in PEM to trust the collector by, in place of the public ones. */
  readonly ca?: string
  /** Goes with every creation of a run and every append: proof that they come from the same agent. */
  readonly runKey?: string
  /** Limit of one request; of one silence while a log is read. Default 30 s. */
  readonly limitMs?: number
}

/** `stored`: the log is on stable storage up to `offset`. `gap`: the collector has it up to `offset` only; go on from there. */
export interface AppendResult {
  readonly kind: 'stored' | 'gap'
  readonly offset: number
}

export interface Health {
  readonly status: 'ok'
  readonly version: string
  readonly store: string
}

export interface RunPage {
  readonly runs: readonly RunSummary[]
  /** Pass as `after` for the next page; absent on the last. */
  readonly next?: string
}

/** Who the collector takes the caller for. */
export interface SessionView {
  readonly role: string
  readonly by: string
  readonly name: string
}

/** A token as the collector tells of it. */
export interface TokenView {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly createdAt: string
  readonly expiresAt?: string
  readonly revokedAt?: string
}

interface Answer {
  readonly status: number
  readonly body: unknown
  /** Where the collector says when to come again. */
  readonly retryAfterMs: number
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** A token file to the token in it; throws BAD_OPTION naming `option`. */
export function readTokenFile(path: string, option = '--token-file'): string {
  let token: string
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ProbeError('BAD_OPTION', `${option} ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new ProbeError('BAD_OPTION', `${option} ${path} must hold one line of printable characters without spaces`)
  }
  return token
}

export class CollectorClient {
  readonly url: string
  readonly #origin: string
  readonly #prefix: string
  readonly #token: string | undefined
  readonly #runKey: Readonly<Record<string, string>>
  readonly #limitMs: number
  readonly #ca: string | undefined
  #dispatcher: Promise<Dispatcher> | undefined

  /** Throws BAD_OPTION where `url` is not http:// or https://. Connects on first use. */
  constructor(url: string, options: CollectorClientOptions = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
      throw new ProbeError(
        'BAD_OPTION',
        `--collector got ${JSON.stringify(url)}; it takes a URL such as http://host:7117`,
      )
    }
    this.#origin = parsed.origin
    this.#prefix = parsed.pathname.replace(/\/+$/, '')
    this.url = `${this.#origin}${this.#prefix}`
    this.#token = options.token
    this.#runKey = options.runKey === undefined ? {} : { [RUN_KEY_HEADER]: options.runKey }
    this.#limitMs = options.limitMs ?? LIMIT_MS
    this.#ca = options.ca
  }

  /** True where the run is new, false where the collector had this very run already. A different one: COLLECTOR_REFUSED. */
  async createRun(run: string, campaign: string, manifest: Manifest): Promise<boolean> {
    const body = JSON.stringify({ run, campaign, manifest })
    const call: Call = { method: 'POST', path: '/v1/runs', body, headers: this.#runKey }
    return (await this.#told<{ created: boolean }>(call, ['created'])).created
  }

  /** Appends at most APPEND_BYTES_MAX bytes; may be none, to tell progress. Resolves once they are on stable storage. */
  async append(run: string, offset: number, bytes: Uint8Array, progress?: RunProgress): Promise<AppendResult> {
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream', ...this.#runKey }
    if (progress !== undefined) headers[PROGRESS_HEADER] = JSON.stringify(progress)
    const path = `${runPath(run)}/log?offset=${offset}`
    const answer = await this.#call({ method: 'POST', path, body: bytes, headers })
    const end = fieldOf(answer.body, 'offset')
    if (answer.status === 200 && typeof end === 'number') return { kind: 'stored', offset: end }
    if (fieldOf(answer.body, 'code') === 'LOG_GAP' && typeof end === 'number') return { kind: 'gap', offset: end }
    throw this.#refusal(answer, { method: 'POST', path })
  }

  /** Bytes of the run's log on stable storage. */
  async logSize(run: string): Promise<number> {
    return (await this.run(run)).bytes
  }

  /** The log from `offset` to its end at the time of the call; reads on by itself where the connection breaks. */
  async *readLog(run: string, offset = 0): AsyncGenerator<Uint8Array, void, void> {
    let at = offset
    for (let failures = 0; ; failures++) {
      try {
        for await (const bytes of this.#bytes(`${runPath(run)}/log?offset=${at}`)) {
          at += bytes.length
          failures = 0
          yield bytes
        }
        return
      } catch (error) {
        if (!isUnreachable(error) || failures >= READ_RESUMES_MAX) throw error
      }
    }
  }

  /** The run with its manifest, cut and newest verdict; RUN_UNKNOWN where there is none. */
  async run(run: string): Promise<RunView> {
    return this.#told<RunView>({ method: 'GET', path: runPath(run) }, ['run', 'manifest', 'bytes', 'verdicts'])
  }

  /** A page of runs, newest first. */
  async runs(query: { campaign?: string; device?: string; limit?: number; after?: string } = {}): Promise<RunPage> {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) search.set(name, `${value}`)
    return this.#told<RunPage>({ method: 'GET', path: `/v1/runs?${search.toString()}` }, ['runs'])
  }

  /** Every run of a campaign, or of all, newest first, page by page. */
  async *allRuns(campaign?: string): AsyncGenerator<RunSummary, void, void> {
    const wanted = campaign === undefined ? {} : { campaign }
    for (let after: string | undefined; ;) {
      const page = await this.runs({ ...wanted, limit: 1000, ...(after === undefined ? {} : { after }) })
      yield* page.runs
      if (page.next === undefined) return
      after = page.next
    }
  }

  async campaigns(): Promise<readonly CampaignCounts[]> {
    const list = { method: 'GET', path: '/v1/campaigns' } as const
    return (await this.#told<{ campaigns: readonly CampaignCounts[] }>(list, ['campaigns'])).campaigns
  }

  /** Counts and intervals of a campaign; CAMPAIGN_UNKNOWN where there is none. */
  async campaign(name: string): Promise<CampaignView> {
    const path = `/v1/campaigns/${encodeURIComponent(name)}`
    return this.#told<CampaignView>({ method: 'GET', path }, ['campaign', 'summary'])
  }

  /** Runs as lines (plugpull.export/1): of these campaigns, and these runs; with neither, all. */
  exportLines(campaigns: readonly string[], runs: readonly string[]): AsyncIterable<Uint8Array> {
    const search = new URLSearchParams()
    for (const campaign of campaigns) search.append('campaign', campaign)
    for (const run of runs) search.append('run', run)
    return this.#bytes(`/v1/export?${search.toString()}`)
  }

  /** Stores lines of an export; may be sent again. Answers what came of them, an object with these fields. */
  async importSlice<T extends object>(lines: Uint8Array, fields: readonly (keyof T)[]): Promise<T> {
    const headers = { 'content-type': 'application/x-ndjson' }
    const answer = await this.#call({ method: 'POST', path: '/v1/import', body: lines, headers })
    if (answer.status >= 300 || !isObjectWith<T>(answer.body, fields))
      throw this.#refusal(answer, { method: 'POST', path: '/v1/import' })
    return answer.body
  }

  /** Removes old logs or runs, or tells what would go (docs/HTTP-API.md). */
  async prune<T extends object>(order: object, fields: readonly (keyof T)[]): Promise<T> {
    return this.#told<T>({ method: 'POST', path: '/v1/prune', body: JSON.stringify(order) }, fields)
  }

  /** Keeps how the run's power was really cut. The same cut may be told again; another one is refused. */
  async recordCut(run: string, cut: CutRecord): Promise<void> {
    await this.#told<{ run: string }>({ method: 'POST', path: `${runPath(run)}/cut`, body: JSON.stringify(cut) }, [
      'run',
    ])
  }

  /** Adds a verdict to the run, and returns its number. The newest one told again keeps its number. */
  async publishVerdict(run: string, verdict: Verdict): Promise<number> {
    const call: Call = { method: 'POST', path: `${runPath(run)}/verdicts`, body: JSON.stringify(verdict) }
    return (await this.#told<{ number: number }>(call, ['number'])).number
  }

  /** Who we are to the collector, and what role that is. */
  async session(): Promise<SessionView> {
    return this.#told<SessionView>({ method: 'GET', path: '/v1/session' }, ['role'])
  }

  /** Makes a token; what is answered holds it, this once. */
  async createToken(order: {
    readonly name: string
    readonly role: string
    readonly expiresAt?: string
  }): Promise<TokenView & { readonly token: string }> {
    const call: Call = { method: 'POST', path: '/v1/tokens', body: JSON.stringify(order) }
    return this.#told<TokenView & { readonly token: string }>(call, ['token', 'id'])
  }

  async tokens(): Promise<readonly TokenView[]> {
    const list = { method: 'GET', path: '/v1/tokens' } as const
    return (await this.#told<{ tokens: readonly TokenView[] }>(list, ['tokens'])).tokens
  }

  /** False where it was revoked before. */
  async revokeToken(id: string): Promise<boolean> {
    const call = { method: 'DELETE', path: `/v1/tokens/${encodeURIComponent(id)}` } as const
    return (await this.#told<{ revoked: boolean }>(call, ['revoked'])).revoked
  }

  async health(): Promise<Health> {
    return this.#told<Health>({ method: 'GET', path: '/health' }, ['status', 'version'])
  }

  /** Ends every connection; requests under way fail with COLLECTOR_UNREACHABLE. */
  async close(): Promise<void> {
    await (await this.#dispatcher)?.destroy()
  }

  /** What the collector answers, where that is a success that has these fields. */
  async #told<T extends object>(call: Call, fields: readonly (keyof T)[]): Promise<T> {
    const headers = call.body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await this.#call({ ...call, headers: { ...headers, ...call.headers } })
    if (answer.status >= 300 || !isObjectWith<T>(answer.body, fields)) throw this.#refusal(answer, call)
    return answer.body
  }

  /** A request, again once the collector has time for it, as far as the limit allows. */
  async #call(call: Call): Promise<Answer> {
    const untilMs = monotonicMs() + this.#limitMs
    for (;;) {
      const answer = await this.#callOnce(call)
      if (answer.status !== 429 || monotonicMs() + answer.retryAfterMs > untilMs) return answer
      await sleepMs(answer.retryAfterMs)
    }
  }

  /** One request. A kept-alive connection that the collector closed meanwhile is no failure: that is tried once more. */
  async #callOnce(call: Call): Promise<Answer> {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), this.#limitMs)
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const response = await this.#request(call, abort.signal)
          return await answerOf(response)
        } catch (error) {
          if (attempt > 1 || abort.signal.aborted || !isStaleConnection(error))
            throw this.#unreachable(error, abort.signal)
        }
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Loaded with the first request: a program that never asks a collector starts without. */
  async #connections(): Promise<Dispatcher> {
    const { Agent } = await import('undici')
    const ca = this.#ca === undefined ? {} : { ca: this.#ca }
    return new Agent({ connections: 8, connect: { timeout: this.#limitMs, ...ca }, bodyTimeout: this.#limitMs })
  }

  async #request(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const dispatcher = await (this.#dispatcher ??= this.#connections())
    return dispatcher.request({
      origin: this.#origin,
      path: this.#prefix + call.path,
      method: call.method,
      headers: { ...call.headers, ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }) },
      body: call.body ?? null,
      signal,
    })
  }

  /** The body of an answer as it comes; COLLECTOR_UNREACHABLE where it breaks off. */
  async *#bytes(path: string): AsyncGenerator<Uint8Array, void, void> {
    const abort = new AbortController()
    let timer = setTimeout(() => abort.abort(), this.#limitMs)
    try {
      const response = await this.#request({ method: 'GET', path }, abort.signal)
      if (response.statusCode !== 200) {
        throw this.#refusal(await answerOf(response), { method: 'GET', path })
      }
      // From here on bodyTimeout watches for silence; the whole may take as long as it takes.
      clearTimeout(timer)
      for await (const bytes of response.body as AsyncIterable<Uint8Array>) yield bytes
    } catch (error) {
      throw error instanceof ProbeError ? error : this.#unreachable(error, abort.signal)
    } finally {
      clearTimeout(timer)
      abort.abort()
    }
  }

  #unreachable(error: unknown, signal: AbortSignal): ProbeError {
    const untrusted = tlsReasonOf(error)
    if (untrusted !== undefined)
      return new ProbeError('COLLECTOR_UNTRUSTED', `the collector at ${this.url} is not trusted: ${untrusted}`, {
        cause: error,
      })
    const why = signal.aborted ? `no answer within ${this.#limitMs} ms` : reasonOf(error)
    return new ProbeError(
      'COLLECTOR_UNREACHABLE',
      `the collector at ${this.url} cannot be reached: ${why}; is it running, and is the address right?`,
      { cause: error },
    )
  }

  /** An answer that says no, as an error of ours. */
  #refusal(answer: Answer, { method, path }: Pick<Call, 'method' | 'path'>): ProbeError {
    const code = fieldOf(answer.body, 'code')
    const message = fieldOf(answer.body, 'message')
    if (typeof code !== 'string' || typeof message !== 'string') {
      const what = `${this.url}${path} answered HTTP ${answer.status}, and not in the way of a plugpull collector`
      if (PASSING.has(answer.status)) return new ProbeError('COLLECTOR_UNREACHABLE', what)
      return new ProbeError('COLLECTOR_REFUSED', `${what}; is the address right?`)
    }
    if (code === 'RUN_UNKNOWN' || code === 'CAMPAIGN_UNKNOWN' || code === 'LOG_PRUNED')
      return new ProbeError(code, message)
    if (answer.status === 503 || answer.status === 429)
      return new ProbeError('COLLECTOR_UNREACHABLE', `the collector at ${this.url} is not ready: ${message}`)
    const said = isAboutAccess(code) ? accessRefused(message, { method, path }) : message
    return new ProbeError('COLLECTOR_REFUSED', `the collector at ${this.url} refused: ${said} (${code})`)
  }
}

async function answerOf({ statusCode: status, headers, body }: Dispatcher.ResponseData): Promise<Answer> {
  const retryAfterS = Number(headers['retry-after'] ?? 1)
  return {
    status,
    body: parseJson(await body.text()),
    retryAfterMs: retryAfterS >= 0 ? Math.max(RETRY_AFTER_MS_MIN, retryAfterS * 1000) : 1000,
  }
}

const runPath = (run: string): string => `/v1/runs/${encodeURIComponent(run)}`

/** The fields are checked; what is in them is the collector's word (docs/HTTP-API.md). */
function isObjectWith<T extends object>(body: unknown, fields: readonly (keyof T)[]): body is T {
  return typeof body === 'object' && body !== null && fields.every((name) => name in body)
}

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isUnreachable = (error: unknown): boolean => error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE'

function isStaleConnection(error: unknown): boolean {
  const code = fieldOf(error, 'code')
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

/** Node wraps the refusals of several addresses of one host into an error without a message. */
function reasonOf(error: unknown): string {
  const message = messageOf(error)
  const code = fieldOf(error, 'code')
  return message === '' && typeof code === 'string' ? code : message
}
