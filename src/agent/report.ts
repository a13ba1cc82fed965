/** What the agent says: while it runs on stderr, at its end on stdout. */
import { resolve } from 'node:path'
import { getSystemErrorName } from 'node:util'
import type { RunProgress } from '../core/campaign/campaign.ts'
import { ProbeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { bytesOf } from '../core/units.ts'
import { formatBytes } from '../core/size.ts'
import type { Logger } from '../io/logger.ts'
import { type Progress, createProgress } from '../io/progress.ts'
import type { RunResult, RunWatcher } from './run.ts'
import type { Failure } from './scribe.ts'
import type { LastRun } from './verify-first.ts'

export interface ReporterOptions {
  readonly target: string
  /** Show how it goes. */
  readonly progress: boolean
  readonly writesMax?: number
  readonly logger: Logger
}

/** The watcher for people: a log line at the start, then a bar. */
export class Reporter implements RunWatcher {
  readonly #options: ReporterOptions
  #meter: { readonly of: string; readonly progress: Progress } | undefined

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  started(manifest: Manifest, overridden: readonly string[], slowerBecause?: string): void {
    const { run, campaign, contract, plan, target } = manifest
    for (const what of overridden) this.#options.logger.warn(`--destroy-data-on ${target.path} overrides: ${what}`)
    if (slowerBecause !== undefined)
      this.#options.logger.info(`a thread for each write in flight, not one for all: ${slowerBecause}`)
    this.#options.logger.info({ run, campaign, target: target.path, seed: plan.seed, contract }, 'run started')
  }

  baseline(sectors: number, total: number): void {
    this.#meterOf('preparing', total * 512, formatBytes).update(bytesOf(sectors))
  }

  progressed({ state, issued, completed, flushes }: RunProgress): void {
    const note = `${issued - completed} in flight, ${flushes} flushes${state === 'holding' ? ', holding: cut the power now' : ''}`
    this.#meterOf('writing', this.#options.writesMax).update(completed, note)
  }

  finish(): void {
    this.#meter?.progress.finish()
  }

  #meterOf(what: string, total?: number, format?: (amount: number) => string): Progress {
    if (this.#meter?.of !== what) {
      this.#meter?.progress.finish()
      const label = `${what} ${this.#options.target}`
      const scale = { ...(total === undefined ? {} : { total }), ...(format === undefined ? {} : { format }) }
      this.#meter = { of: what, progress: createProgress({ label, ...scale, quiet: !this.#options.progress }) }
    }
    return this.#meter.progress
  }
}

/** `plugpull.agent/1`; `last` is what `--verify-first` found. */
export function toJson(result: RunResult, last?: LastRun): string {
  const { manifest, failure, ...rest } = result
  return JSON.stringify({
    schema: 'plugpull.agent/1',
    run: manifest.run,
    campaign: manifest.campaign,
    target: manifest.target.path,
    workload: manifest.plan.workload,
    seed: manifest.plan.seed,
    contract: manifest.contract,
    ...rest,
    ...(failure === undefined ? {} : { failure: { ...failure, error: errorName(failure) } }),
    ...(last === undefined ? {} : { verifiedFirst: verifiedFirst(last) }),
  })
}

const verifiedFirst = ({ run, verdict }: LastRun): object => ({ run, verdict: verdict.verdict })

/** `plugpull.agent/1` of a start that `--stop-on-violation` ended before there was a run. */
export const stoppedJson = (target: string, last: LastRun): string =>
  JSON.stringify({ schema: 'plugpull.agent/1', target, ended: 'violation', verifiedFirst: verifiedFirst(last) })

export const stoppedText = (target: string, { run }: LastRun): string =>
  `run ${run} on ${target} is a violation: nothing was written, so that the evidence stays\n`

/** A few lines for people; `verifyWith` is how to verify the run. */
export function toText(result: RunResult, verifyWith: string): string {
  const { manifest, issued, completed, flushes, ended } = result
  return [
    `run ${manifest.run} on ${manifest.target.path}: ${issued} writes issued, ${completed} completed, ${flushes} flushes; ended by ${ENDED[ended]}`,
    `verify with: plugpull verify --target ${resolve(manifest.target.path)} ${verifyWith}`,
    '',
  ].join('\n')
}

const ENDED = {
  writes: 'itself',
  duration: '--duration',
  signal: 'a signal',
  failed: 'a failure',
} as const satisfies Record<RunResult['ended'], string>

/** The error that ends the program after a failed write or flush. */
export function failureError(path: string, failure: Failure): ProbeError {
  return new ProbeError(
    'TARGET_IO',
    `${path}: ${failure.what} ${failure.id} failed with ${errorName(failure)}; the run ended there and nothing was tried again: verify says what is on the target`,
    { isReported: true },
  )
}

const errorName = ({ errno }: Failure): string => getSystemErrorName(-errno)
