/**
 * What the collector counts of itself, by the names under which Prometheus reads it. docs/MONITORING.md lists every one;
 * a test keeps the two equal. Labels have few values, all known beforehand: nothing that a client sends becomes one.
 *
 * Counters are of this process, since it started. What is in the store is told by gauges (store-figures.ts), and is the same at
 * every collector of one store.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { RunProgress } from '../../core/campaign/campaign.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import type { AppendOutcome } from '../store/store.ts'
import type { WebhookWatcher } from '../webhook/webhooks.ts'
import { RecordCounter } from './record-counter.ts'

/** Seconds: an fsync of a fast disk, to a store that is in trouble. */
const ACK_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

const STORE_REFUSALS: Readonly<Record<number, string>> = { 503: 'unavailable', 507: 'full' }

export interface MetricsOptions {
  readonly version: string
  /** Also what Node tells of this process: memory, processor, event loop. */
  readonly ofProcess: boolean
}

export class CollectorMetrics {
  readonly registry = new Registry()
  readonly #records = new RecordCounter()

  readonly #runsCreated = this.#counter('plugpull_runs_created_total', 'Runs created at this collector')
  readonly #logBytes = this.#counter(
    'plugpull_log_received_bytes_total',
    'Bytes of log acknowledged as stable; bytes that were sent again count again',
  )
  readonly #logRecords = this.#counter(
    'plugpull_log_records_total',
    'Issues, completions and flushes, as agents told in their progress; the collector does not read the logs',
  )
  readonly #appends = this.#counter('plugpull_appends_total', 'Appends to logs by their outcome', ['outcome'])
  readonly #ack = this.#histogram(
    'plugpull_append_ack_seconds',
    'From the last byte of an append received to its bytes on stable storage',
    ACK_BUCKETS,
  )
  readonly #commitAppends = this.#histogram(
    'plugpull_commit_appends',
    'Appends in one commit of the store; the count is the number of commits',
    BATCH_BUCKETS,
  )
  readonly #cuts = this.#counter('plugpull_cuts_total', 'Cuts recorded, by whether the target was seen dead', ['died'])
  readonly #verdicts = this.#counter(
    'plugpull_verdicts_total',
    'Verdicts acknowledged, by word and by whether the disk was told to lie; one that was sent again counts again',
    ['verdict', 'liar'],
  )
  readonly #requests = this.#counter(
    'plugpull_http_requests_total',
    'Requests answered, by method, route of the API and class of the status',
    ['method', 'route', 'status'],
  )
  readonly #storeRefusals = this.#counter(
    'plugpull_store_refusals_total',
    'Requests refused because the store is full or cannot be used',
    ['reason'],
  )
  readonly #webhooks = this.#counter('plugpull_webhook_messages_total', 'Messages of the webhook by how they ended', [
    'outcome',
  ])
  readonly #webhooksWaiting = this.#gauge('plugpull_webhook_waiting', 'Messages of the webhook that wait to be sent')
  /** Whoever serves events adds one for each client, and takes it away again. */
  readonly liveClients = this.#gauge('plugpull_live_clients', 'Clients that follow the live events')

  constructor({ version, ofProcess }: MetricsOptions) {
    const build = this.#gauge('plugpull_build_info', 'Always 1; the labels tell what runs', ['version', 'node'])
    build.set({ version, node: process.version }, 1)
    for (const outcome of ['stored', 'gap', 'conflict', 'run-unknown', 'pruned'] as const)
      this.#appends.inc({ outcome }, 0)
    for (const died of ['true', 'false']) this.#cuts.inc({ died }, 0)
    for (const verdict of ['held', 'violation', 'inconclusive'] as const)
      for (const liar of ['true', 'false']) this.#verdicts.inc({ verdict, liar }, 0)
    for (const reason of Object.values(STORE_REFUSALS)) this.#storeRefusals.inc({ reason }, 0)
    for (const outcome of ['delivered', 'failed', 'dropped']) this.#webhooks.inc({ outcome }, 0)
    if (ofProcess) collectDefaultMetrics({ register: this.registry })
  }

  runCreated(run: string): void {
    this.#runsCreated.inc()
    this.#records.created(run)
  }

  appended(
    append: { readonly run: string; readonly bytes: number; readonly progress: RunProgress | undefined },
    outcome: AppendOutcome['kind'],
    seconds: number,
  ): void {
    this.#appends.inc({ outcome })
    if (outcome !== 'stored') return
    this.#ack.observe(seconds)
    this.#logBytes.inc(append.bytes)
    if (append.progress !== undefined) this.#logRecords.inc(this.#records.grown(append.run, append.progress))
  }

  committed(appends: number): void {
    this.#commitAppends.observe(appends)
  }

  cutRecorded(died: boolean): void {
    this.#cuts.inc({ died: String(died) })
  }

  /** `liar`: of a run with an injected fault, or of a positive control. */
  verdictAdded(verdict: VerdictWord, liar: boolean): void {
    this.#verdicts.inc({ verdict, liar: String(liar) })
  }

  answered(method: string, route: string, status: number): void {
    this.#requests.inc({ method, route, status: `${Math.floor(status / 100)}xx` })
    const reason = STORE_REFUSALS[status]
    if (reason !== undefined) this.#storeRefusals.inc({ reason })
  }

  get webhookWatcher(): WebhookWatcher {
    return {
      ended: (outcome) => this.#webhooks.inc({ outcome }),
      waiting: (messages) => this.#webhooksWaiting.set(messages),
    }
  }

  #counter<T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] })
  }

  #gauge<T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] })
  }
}
