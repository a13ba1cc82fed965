/**
 * What the store holds and which runs are under way, for metrics: asked of the store when Prometheus asks, and not again for a
 * few seconds, however many ask. Where the store does not answer, that is what is told, and its figures are gone: an old number would
 * look like a good one.
 */
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Gauge, type Registry } from 'prom-client'
import { PROGRESS_STATES, type RunProgress } from '../../core/campaign/campaign.ts'
import type { RunLine } from '../../core/campaign/facts.ts'
import type { Store } from '../store/store.ts'

const FRESH_MS = 5000
/** An agent appends, or at least tells its progress, many times within this. */
export const SILENT_AFTER_MS = 60_000
/** Later than this a silent run is history. */
export const FORGOTTEN_AFTER_MS = 600_000
const LINES_MAX = 2000

type Watched = Pick<Store, 'name' | 'check' | 'totals' | 'lines'>

export class StoreFigures {
  readonly #store: Watched
  readonly #now: () => number
  readonly #gauges: ReturnType<typeof gaugesOf>
  #askedAt = -Infinity
  #asking: Promise<void> | undefined

  /** `now`: ms since 1970. */
  constructor(store: Watched, registry: Registry, now: () => number) {
    this.#store = store
    this.#now = now
    this.#gauges = gaugesOf(registry)
  }

  /** Resolves when the gauges are as fresh as they need to be. */
  async refresh(): Promise<void> {
    if (this.#now() - this.#askedAt < FRESH_MS) return this.#asking
    this.#askedAt = this.#now()
    this.#asking = this.#ask()
    await this.#asking
  }

  async #ask(): Promise<void> {
    const { up, runs, verdicts, logBytes, sizeBytes, freeBytes, active, silent } = this.#gauges
    try {
      await this.#store.check()
      const totals = await this.#store.totals()
      runs.set(totals.runs)
      for (const [verdict, count] of Object.entries(totals.verdicts)) verdicts.set({ verdict }, count)
      logBytes.set(totals.logBytes)
      sizeBytes.set(totals.storeBytes)
      const changedSince = new Date(this.#now() - FORGOTTEN_AFTER_MS).toISOString()
      const counted = countRuns(await this.#store.lines({ changedSince, limit: LINES_MAX }), this.#now())
      for (const state of PROGRESS_STATES) active.set({ state }, counted.active[state])
      silent.set(counted.silent)
      const free = await freeBytesOf(this.#store.name)
      if (free === undefined) freeBytes.remove()
      else freeBytes.set(free)
      up.set(1)
    } catch {
      for (const gauge of [runs, logBytes, sizeBytes, freeBytes, silent]) gauge.remove()
      verdicts.reset()
      active.reset()
      up.set(0)
    }
  }
}

export interface RunCounts {
  readonly active: Readonly<Record<RunProgress['state'], number>>
  readonly silent: number
}

/** A run whose cut or verdict is there has ended, and so has one whose agent said so. */
export function countRuns(lines: readonly RunLine[], nowMs: number): RunCounts {
  const active = { preparing: 0, writing: 0, holding: 0, done: 0, failed: 0 }
  let silent = 0
  for (const { progress, cutRecord, outcome, heardAt } of lines) {
    if (progress === undefined || cutRecord !== undefined || outcome !== undefined) continue
    const quietMs = nowMs - Date.parse(heardAt)
    const isOver = progress.state === 'done' || progress.state === 'failed'
    if (quietMs < SILENT_AFTER_MS) active[progress.state]++
    else if (!isOver && quietMs < FORGOTTEN_AFTER_MS) silent++
  }
  return { active, silent }
}

/** What the file system of the store's file has left; of a store elsewhere nothing is known. */
async function freeBytesOf(name: string): Promise<number | undefined> {
  const path = /^sqlite:(.+)$/.exec(name)?.[1]
  if (path === undefined) return undefined
  const { bavail, bsize } = await statfs(dirname(path))
  return bavail * bsize
}

function gaugesOf(registry: Registry) {
  const gauge = <T extends string>(name: string, help: string, labelNames: T[] = []): Gauge<T> =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  return {
    up: gauge('plugpull_store_up', '1 where the store answered when it was last asked, else 0'),
    runs: gauge('plugpull_store_runs', 'Runs in the store'),
    verdicts: gauge('plugpull_store_verdicts', 'Runs in the store by the word of their newest verdict', ['verdict']),
    logBytes: gauge('plugpull_store_log_bytes', 'Bytes of log that the store keeps'),
    sizeBytes: gauge('plugpull_store_size_bytes', 'What the store takes on its medium, as far as it can tell'),
    freeBytes: gauge(
      'plugpull_store_free_bytes',
      'What the file system of the store has left; only for a store in a file',
    ),
    active: gauge('plugpull_runs_active', 'Runs heard of within the last minute, not cut, by what their agents tell', [
      'state',
    ]),
    silent: gauge(
      'plugpull_runs_silent',
      'Runs under way, neither cut nor verified, not heard of for one to ten minutes',
    ),
  }
}
