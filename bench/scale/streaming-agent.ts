/**
 * An agent without a disk: it issues writes at a rate, and what it sends is what a real one sends, byte for byte in kind: a
 * manifest, windows announced before they are used, records in frames of what came within 10 ms, one append under way at a time.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProbeError } from '../../src/core/errors.ts'
import { keyOf, Prng } from '../../src/core/prng.ts'
import type { RecordKind } from '../../src/core/record.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'
import type { CollectorClient } from '../../src/io/collector-client.ts'
import { manifestOf } from '../judge/history.ts'

/** As in src/agent/engine. */
const DRAIN_EVERY_US = 10_000
const TICK_AFTER_US = 50_000
const WINDOW_FIRST = 64
const FLUSH_EVERY = 16
const SERVICE_US_MAX = 4000
const SECTORS = 2 ** 21
const BACKOFF_MS = 50

export interface AgentResult {
  readonly run: string
  readonly bytes: number
  readonly sha256: string
}

export class StreamingAgent {
  readonly run: string
  latenciesMs: number[] = []
  records = 0
  appends = 0
  retries = 0
  /** Time in which it had to wait for its window to be acknowledged. */
  stalledUs = 0
  readonly #clients: readonly CollectorClient[]
  readonly #random: Prng
  readonly #meanUs: number
  readonly #frames = new FrameEncoder()
  readonly #encoder = new RecordEncoder()
  readonly #digest = createHash('sha256')
  /** As many as half of them last half a second: what a real agent's grows to. */
  readonly #windowWrites: number
  #queue: Uint8Array[] = []
  #stable = 0
  #nowUs = 0
  #lastRecordUs = 0
  #frameUs = 0
  #issued = 0
  #flushes = 0
  #granted = 0
  #announced: number

  /** The first client is its collector; the others are where it goes when that does not answer. */
  constructor(run: string, clients: readonly CollectorClient[], writesPerSecond: number) {
    this.run = run
    this.#clients = clients
    this.#meanUs = 1e6 / writesPerSecond
    this.#random = new Prng(keyOf(run))
    this.#windowWrites = Math.max(WINDOW_FIRST, Math.round(writesPerSecond))
    this.#announced = this.#windowWrites
  }

  async create(campaign: string): Promise<void> {
    const manifest = { ...manifestOf(SECTORS), run: this.run, campaign }
    await this.#persistently((client) => client.createRun(this.run, campaign, manifest))
    this.#queue.push(this.#frames.manifest(manifest))
    this.#record('window', this.#announced)
    await this.#send()
    this.#granted = this.#announced
  }

  /** What came before does not count: the collectors were just started. */
  forgetLatencies(): void {
    this.latenciesMs = []
    this.appends = 0
    this.records = 0
  }

  async stream(durationMs: number): Promise<void> {
    const started = performance.now()
    await sleep(this.#random.below(100))
    for (let elapsedMs = 0; elapsedMs < durationMs;) {
      const drained = performance.now()
      elapsedMs = drained - started
      const announced = this.#advance(elapsedMs * 1000)
      await this.#send()
      this.#granted = announced
      const pauseMs = DRAIN_EVERY_US / 1000 - (performance.now() - drained)
      if (pauseMs > 0) await sleep(pauseMs)
    }
    this.#record('end', 0)
    await this.#send()
  }

  /** Bytes of the log that are acknowledged. */
  get bytes(): number {
    return this.#stable
  }

  result(): AgentResult {
    return { run: this.run, bytes: this.#stable, sha256: this.#digest.digest('hex') }
  }

  /** What happens until then. Returns the window that its records announce. */
  #advance(untilUs: number): number {
    while (this.#nowUs < untilUs) {
      if (this.#issued < this.#granted) this.#write()
      else {
        this.#nowUs += 1000
        this.stalledUs += 1000
        if (this.#nowUs - this.#lastRecordUs >= TICK_AFTER_US) this.#record('tick', 0)
      }
    }
    return this.#announced
  }

  /** One write, a flush where one is due, and the pause until the next. */
  #write(): void {
    const pauseUs = this.#random.below(Math.round(2 * this.#meanUs))
    this.#record('issue', ++this.#issued)
    this.#nowUs += Math.min(pauseUs, this.#random.below(SERVICE_US_MAX))
    this.#record('complete', this.#issued)
    if (this.#issued % FLUSH_EVERY === 0) {
      this.#record('flush-issue', ++this.#flushes)
      this.#nowUs += Math.min(pauseUs, this.#random.below(SERVICE_US_MAX))
      this.#record('flush-complete', this.#flushes)
    }
    const half = this.#windowWrites >> 1
    if (this.#announced - this.#issued < half) this.#record('window', (this.#announced += half))
    this.#nowUs += Math.max(0, pauseUs - SERVICE_US_MAX / 2)
  }

  #record(kind: RecordKind, id: number): void {
    if (this.#nowUs - this.#frameUs >= DRAIN_EVERY_US) this.#frame()
    this.#encoder.add(kind, id, this.#nowUs)
    this.#lastRecordUs = this.#nowUs
    this.records++
  }

  #frame(): void {
    this.#frameUs = this.#nowUs
    if (this.#encoder.pending > 0) this.#queue.push(this.#frames.frame('records', this.#encoder.take()))
  }

  /** Everything so far, in one append; acknowledged when it resolves. */
  async #send(): Promise<void> {
    this.#frame()
    const bytes = Buffer.concat(this.#queue)
    if (bytes.length === 0) return
    this.#queue = []
    this.#digest.update(bytes)
    const progress = {
      state: 'writing',
      issued: this.#issued,
      completed: this.#issued,
      flushes: this.#flushes,
    } as const
    const asked = performance.now()
    const result = await this.#persistently((client) => client.append(this.run, this.#stable, bytes, progress))
    this.latenciesMs.push(performance.now() - asked)
    this.appends++
    if (result.kind !== 'stored' || result.offset !== this.#stable + bytes.length)
      throw new Error(`run ${this.run}: the collector has ${result.offset}, not ${this.#stable + bytes.length}`)
    this.#stable = result.offset
  }

  async #persistently<T>(work: (client: CollectorClient) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      const client = this.#clients[attempt % this.#clients.length]
      if (client === undefined) throw new Error('an agent has a collector')
      try {
        return await work(client)
      } catch (error) {
        if (!(error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE')) throw error
        this.retries++
        await sleep(BACKOFF_MS)
      }
    }
  }
}
