/**
 * One run from its options to its end: look at the target, guard it, open the log, establish the baseline, let the engine
 * run, close everything. The order is the point: nothing is written to the target before it is known to be free, and
 * before the log has taken the manifest.
 */
import type { WorkloadOptions } from '../core/agent-options.ts'
import type { RunProgress } from '../core/campaign/campaign.ts'
import type { Manifest } from '../core/manifest.ts'
import { Plan } from '../core/plan.ts'
import { WRITE_ID_MAX } from '../core/units.ts'
import { FrameEncoder } from '../core/wire.ts'
import { monotonicMs } from '../io/clock.ts'
import { type OpenDevice, openDevice } from '../io/device.ts'
import { guardTarget } from '../io/target-guard.ts'
import { inspectTarget } from '../io/target.ts'
import { establishBaseline } from './baseline.ts'
import { Bell } from './bell.ts'
import { Crew } from './crew.ts'
import { type RunIdentity, describeRun } from './describe.ts'
import { Engine, type Ended } from './engine.ts'
import { chooseEngine, threadsOf } from './io-engine.ts'
import type { LogPort } from './log-port.ts'
import { type Failure, Scribe } from './scribe.ts'
import { Shared } from './shared.ts'
import { Uplink } from './uplink.ts'

export interface RunOptions {
  readonly target: string
  readonly destroyDataOn?: string
  readonly identity: RunIdentity
  readonly workload: WorkloadOptions
  readonly hold: boolean
  /** Opens the log of the run; called once the target is known to be free. */
  readonly openLog: (manifest: Manifest) => Promise<LogPort>
  readonly signal: AbortSignal
  readonly watch: RunWatcher
}

/** Who is told how it goes. */
export interface RunWatcher {
  /** The log is open: from here on the run exists. */
  started(manifest: Manifest, overridden: readonly string[], slowerBecause?: string): void
  baseline(sectors: number, total: number): void
  progressed(progress: RunProgress): void
}

export interface RunResult {
  readonly manifest: Manifest
  readonly ended: Ended
  readonly issued: number
  readonly completed: number
  readonly flushes: number
  readonly logBytes: number
  readonly elapsedMs: number
  readonly failure?: Failure
}

/** Runs to the end. Throws ProbeError where the run could not begin, or its log failed. */
export async function run(options: RunOptions): Promise<RunResult> {
  const facts = inspectTarget(options.target)
  const described = describeRun(options.identity, options.workload, facts)
  const { exclusive, overridden } = guardTarget(options.target, {
    region: described.plan.region,
    ...(options.destroyDataOn === undefined ? {} : { destroyDataOn: options.destroyDataOn }),
  })
  const device = openDevice(options.target, { mode: described.io, access: 'write', exclusive })
  try {
    const { ioEngine, instead } = await chooseEngine(options.workload, device, facts.fileSystem)
    const manifest = { ...described, ioEngine }
    const log = await options.openLog(manifest)
    try {
      options.watch.started(manifest, overridden, instead)
      return await new Session(options, manifest, device, log).run()
    } finally {
      await log.close()
    }
  } finally {
    device.close()
  }
}

/** The parts of a run that is under way. */
class Session {
  readonly #options: RunOptions
  readonly #manifest: Manifest
  readonly #device: OpenDevice
  readonly #log: LogPort
  readonly #bell = new Bell()
  readonly #frames = new FrameEncoder()
  readonly #uplink: Uplink
  readonly #scribe: Scribe
  readonly #shared: Shared
  readonly #last: number
  readonly #sinceMs = monotonicMs()
  #state: RunProgress['state'] = 'preparing'

  constructor(options: RunOptions, manifest: Manifest, device: OpenDevice, log: LogPort) {
    const { workload } = options
    const plan = Plan.of(manifest.plan)
    this.#options = options
    this.#manifest = manifest
    this.#device = device
    this.#log = log
    this.#last = Math.min(plan.length, workload.writesMax ?? WRITE_ID_MAX, WRITE_ID_MAX)
    const { queueDepth, flushMode, overlapInFlight } = workload
    const scheduling = {
      queueDepth,
      flushMode,
      overlapInFlight,
      commitWait: workload.commit === 'wait',
      writesMax: this.#last,
    }
    this.#shared = new Shared(Shared.create(scheduling), plan)
    this.#uplink = new Uplink(log, () => this.#progress(), this.#bell.ring)
    this.#scribe = new Scribe(this.#shared.ring, this.#frames, this.#uplink)
  }

  async run(): Promise<RunResult> {
    try {
      return this.#result(await this.#fromManifestToEnd())
    } catch (error) {
      await this.#sayFailed()
      throw error
    }
  }

  async #fromManifestToEnd(): Promise<Ended> {
    const { signal, watch } = this.#options
    const threads = threadsOf({ ioEngine: 'psync', ...this.#manifest })
    // They start while the log takes the manifest and the baseline is made; they write nothing before they are told to.
    const crew = new Crew({ manifest: this.#manifest, handle: this.#shared.handle }, threads, this.#bell.ring)
    try {
      this.#uplink.push(this.#frames.manifest(this.#manifest), true)
      await this.#uplink.settled()
      const total = this.#manifest.plan.region.sectors
      const established = await establishBaseline({
        manifest: this.#manifest,
        device: this.#device,
        frames: this.#frames,
        uplink: this.#uplink,
        signal,
        progressed: (sectors) => watch.baseline(sectors, total),
      })
      // Without a window in the log nobody can take the baseline for complete.
      return established ? await this.#engine(crew).run() : await this.#endEarly()
    } finally {
      this.#shared.abandon()
      await crew.close()
    }
  }

  #engine(crew: Crew): Engine {
    const { hold, signal, watch, workload } = this.#options
    return new Engine({
      shared: this.#shared,
      crew,
      uplink: this.#uplink,
      scribe: this.#scribe,
      bell: this.#bell,
      last: this.#last,
      commitWait: workload.commit === 'wait',
      durationMs: workload.durationMs ?? Number.POSITIVE_INFINITY,
      hold,
      signal,
      entered: (state) => {
        this.#state = state
      },
      progressed: () => watch.progressed(this.#progress()),
    })
  }

  async #endEarly(): Promise<Ended> {
    await this.#uplink.settled()
    await this.#sayFailed()
    return 'signal'
  }

  /** The last word to the log, as far as it still listens. */
  async #sayFailed(): Promise<void> {
    this.#state = 'failed'
    if (this.#uplink.failure !== undefined || this.#uplink.stable < this.#uplink.end) return
    try {
      await this.#log.append(this.#uplink.end, new Uint8Array(0), true, this.#progress())
    } catch {
      // What went wrong first is what the user has to hear.
    }
  }

  #progress(): RunProgress {
    const { issued, completed, flushesCompleted, stable } = this.#scribe
    const progress = { state: this.#state, issued, completed, flushes: flushesCompleted }
    return stable.write === 0 ? progress : { ...progress, stable: stable.write }
  }

  #result(ended: Ended): RunResult {
    const { issued, completed, flushes } = this.#progress()
    const { failure } = this.#scribe
    return {
      manifest: this.#manifest,
      ended,
      issued,
      completed,
      flushes,
      logBytes: this.#uplink.end,
      elapsedMs: Math.round(monotonicMs() - this.#sinceMs),
      ...(failure === undefined ? {} : { failure }),
    }
  }
}
