/**
 * A simulated run: the agent's own state machine (core/scheduler) and log (core/wire) over a simulated disk, in simulated
 * time, up to a cut. One seed says everything; a failing run is had again from it (`runSimulation(seed)`).
 *
 * Fidelity where the judge's soundness hangs on it: an issue is recorded before the disk sees the write, a completion
 * after the disk reported it, with other events in between; windows widen only once their record is on stable storage;
 * what is left of the log is a prefix at any byte beyond what was acknowledged.
 */
import { digestSectors } from '../../core/baseline.ts'
import { type Contract, formatContract } from '../../core/contract.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../core/manifest.ts'
import { Plan } from '../../core/plan.ts'
import { keyOf, Prng } from '../../core/prng.ts'
import type { LogRecord } from '../../core/record.ts'
import { type Action, Scheduler, schedulerWords } from '../../core/scheduler.ts'
import { SectorBuffer, type Stamper } from '../../core/stamp.ts'
import { BASELINE_WRITE, SECTOR_BYTES } from '../../core/units.ts'
import { VERSION } from '../../core/version.ts'
import { sectorBefore, stamperFor } from './before.ts'
import { damage } from './damage.ts'
import { type DiskFlush, SimDisk } from './disk.ts'
import { SimLog } from './log.ts'
import { drawOptions, type SimOptions, type SimOverrides } from './options.ts'
import type { DiskRequest } from './request.ts'
import type { Simulation } from './simulation.ts'

interface Operation {
  readonly action: Action & { readonly kind: 'write' | 'flush' }
  /** What comes at `at`: the disk gets it, the disk is done with it, the agent records that. */
  next: 'begin' | 'finish' | 'record'
  at: number
  request?: DiskRequest
  flush?: DiskFlush
  failed: boolean
}

interface Shipment {
  readonly at: number
  readonly upTo: number
  readonly arrived: () => void
}

const TICK_US = 100_000
const EIO = 5
const NEVER = Number.POSITIVE_INFINITY
/** The flush after the baseline: before those of the run. */
const BASELINE_FLUSH = 0
const FORMAT_SECTORS = 2048
const LANE = { disk: 0x01, run: 0x02 } as const

/** One run from its seed (16 hexadecimal digits); `overrides` fix what is not to be drawn. */
export function runSimulation(seed: string, overrides: SimOverrides = {}): Simulation {
  return new SimulatedRun(seed, drawOptions(seed, overrides)).run()
}

function streamOf(seed: string, lane: number): Prng {
  const key = keyOf(seed)
  return new Prng({ lo: key.lo, hi: (key.hi ^ (lane << 24)) >>> 0 })
}

class SimulatedRun {
  readonly #seed: string
  readonly #options: SimOptions
  readonly #random: Prng
  readonly #plan: Plan
  readonly #manifest: Manifest
  readonly #contract: Contract
  readonly #disk: SimDisk
  readonly #log: SimLog
  readonly #scheduler: Scheduler
  readonly #stamper: Stamper
  readonly #operations: Operation[] = []
  readonly #shipments: Shipment[] = []
  #buffer: SectorBuffer
  #now = 0
  #events = 0
  #lastRecordUs = 0
  #windowAsked = 0
  #committing = false
  #failed = false

  constructor(seed: string, options: SimOptions) {
    this.#seed = seed
    this.#options = options
    this.#random = streamOf(seed, LANE.run)
    this.#plan = Plan.of(options.plan)
    const atomicBytes = options.atomicSectors === 0 ? {} : { atomicBytes: options.atomicSectors * SECTOR_BYTES }
    this.#contract = { name: options.mode, ...atomicBytes }
    this.#manifest = manifestOf(seed, options, this.#contract)
    this.#disk = new SimDisk({ ...options, seed: streamOf(seed, LANE.disk).key() })
    this.#log = new SimLog(this.#manifest, options.frameRecords)
    const scheduling = { ...options, commitWait: options.commit === 'wait' }
    this.#scheduler = new Scheduler(this.#plan, scheduling, new Uint32Array(schedulerWords(options.queueDepth)))
    this.#stamper = stamperFor(options.run, options.device)
    this.#buffer = SectorBuffer.ofSectors(FORMAT_SECTORS)
  }

  run(): Simulation {
    const options = this.#options
    // A new medium is zeros.
    if (options.before !== 'zeros')
      for (let lba = 0; lba < options.sizeSectors; lba++) sectorBefore(this.#disk.medium, lba, lba, options)
    const powered = options.baseline === 'scan' ? this.#scan() : this.#format()
    if (powered) this.#loop()
    this.#disk.cut()
    const left = this.#log.afterCut(options.tail, this.#now - options.shipUs, this.#random)
    const simulation: Simulation = {
      seed: this.#seed,
      options,
      manifest: this.#manifest,
      plan: this.#plan,
      contract: this.#contract,
      ...left,
      disk: this.#disk,
      cutAtUs: this.#now,
    }
    damage(simulation, this.#random)
    return simulation
  }

  #scan(): true {
    const { lba, sectors } = this.#options.plan.region
    const lo = new Uint32Array(sectors)
    const hi = new Uint32Array(sectors)
    digestSectors(this.#disk.medium.words.subarray((lba * SECTOR_BYTES) / 4), sectors, lo, hi)
    this.#log.baseline(lba, sectors, lo, hi)
    return true
  }

  /** Stamps the region and flushes it; false where the cut comes meanwhile. */
  #format(): boolean {
    const { lba, sectors } = this.#options.plan.region
    const run = { write: BASELINE_WRITE, lba, count: sectors, epoch: 0 }
    for (let index = 0; index < sectors; index += FORMAT_SECTORS) {
      const length = Math.min(FORMAT_SECTORS, sectors - index)
      this.#stamper.fill(this.#buffer, 0, run, index, length)
      const request = this.#disk.begin(BASELINE_WRITE, lba + index, length, false, this.#buffer)
      if (this.#options.cutInFormat) return false
      this.#disk.finish(request)
    }
    this.#disk.finishFlush(this.#disk.beginFlush(BASELINE_FLUSH))
    return true
  }

  #loop(): void {
    while (this.#events < this.#options.cutAfterEvents) {
      this.#events++
      this.#disk.stir(this.#often(this.#options.writeBack))
      if (this.#now >= this.#options.stopAtUs) this.#scheduler.stop()
      this.#askForWindow()
      const action = this.#scheduler.next(this.#now)
      if (action.kind === 'write' || action.kind === 'flush') this.#start(action)
      else if (!this.#advance(action)) return
    }
  }

  /** A whole number with this mean. */
  #often(mean: number): number {
    return Math.floor(mean) + (this.#random.chance(mean % 1) ? 1 : 0)
  }

  /** A time with this mean: now and then much longer. */
  #delay(meanUs: number): number {
    return Math.max(1, -meanUs * Math.log(1 - this.#random.unit()))
  }

  #record(kind: LogRecord['kind'], id: number, errno = 0): void {
    this.#log.add(kind, id, this.#now, errno)
    this.#lastRecordUs = this.#now
  }

  #start(action: Operation['action']): void {
    if (action.kind === 'write') this.#record('issue', action.write)
    else this.#record('flush-issue', action.flush)
    const failed = !this.#failed && this.#random.chance(this.#options.failureChance)
    this.#operations.push({ action, next: 'begin', at: this.#now + this.#delay(3), failed })
    this.#now += 1
  }

  /** Asks for a wider window in good time: before the one at hand is used up. */
  #askForWindow(): void {
    const { windowWrites } = this.#options
    if (this.#windowAsked > this.#scheduler.window || this.#scheduler.stopped) return
    if (this.#scheduler.window - this.#scheduler.issued > windowWrites / 2) return
    const top = Math.min(this.#scheduler.issued + windowWrites, 0xffff_ffff)
    if (top <= this.#scheduler.window) return
    this.#windowAsked = top
    this.#record('window', top)
    this.#ship(() => this.#scheduler.widenWindow(top))
  }

  #ship(arrived: () => void): void {
    this.#log.ship()
    this.#shipments.push({ at: this.#now + this.#delay(this.#options.shipUs), upTo: this.#log.bytes, arrived })
  }

  /** Goes to the next thing that happens; false where nothing will any more, or the cut comes first. */
  #advance(action: Action): boolean {
    if (action.kind === 'wait' && action.for === 'commit' && !this.#committing) this.#commit()
    const operation = earliest(this.#operations)
    const shipment = earliest(this.#shipments)
    const wakeUs = action.kind === 'sleep' ? action.untilUs : NEVER
    const at = Math.min(timeOf(operation), timeOf(shipment), wakeUs)
    if (at === NEVER) return this.#end()
    if (!this.#passTime(at)) return false
    if (operation?.at === at) this.#step(operation)
    else if (shipment?.at === at) this.#arrive(shipment)
    return true
  }

  /** Moves the clock, with a tick wherever nothing else was recorded for long; false where the cut comes before `at`. */
  #passTime(at: number): boolean {
    const until = Math.min(at, this.#options.cutAtUs)
    while (until - this.#lastRecordUs > TICK_US) {
      this.#now = Math.max(this.#now, this.#lastRecordUs + TICK_US)
      this.#record('tick', 0)
    }
    this.#now = Math.max(this.#now, until)
    return at <= this.#options.cutAtUs
  }

  #commit(): void {
    this.#committing = true
    this.#ship(() => {
      this.#committing = false
      this.#scheduler.commitAcknowledged()
    })
  }

  #arrive(shipment: Shipment): void {
    this.#shipments.splice(this.#shipments.indexOf(shipment), 1)
    this.#log.acknowledge(shipment.upTo)
    shipment.arrived()
  }

  #step(operation: Operation): void {
    switch (operation.next) {
      case 'begin':
        this.#begin(operation)
        operation.next = 'finish'
        operation.at = this.#now + this.#delay(this.#options.serviceUs * (operation.action.kind === 'flush' ? 4 : 1))
        return
      case 'finish':
        if (!operation.failed) this.#finish(operation)
        operation.next = 'record'
        operation.at = this.#now + this.#delay(3)
        return
      case 'record':
        this.#operations.splice(this.#operations.indexOf(operation), 1)
        if (operation.failed) this.#fail(operation)
        else this.#complete(operation)
    }
  }

  #begin(operation: Operation): void {
    const { action } = operation
    if (action.kind === 'flush') {
      operation.flush = this.#disk.beginFlush(action.flush)
      return
    }
    const { write, lba, sectors, fua } = action
    if (this.#buffer.sectors < sectors) this.#buffer = SectorBuffer.ofSectors(sectors)
    this.#stamper.fill(this.#buffer, 0, { write, lba, count: sectors, epoch: this.#plan.epochOf(write) }, 0, sectors)
    operation.request = this.#disk.begin(write, lba, sectors, fua, this.#buffer)
  }

  #finish(operation: Operation): void {
    if (operation.request !== undefined) this.#disk.finish(operation.request)
    if (operation.flush !== undefined) this.#disk.finishFlush(operation.flush)
  }

  #complete({ action }: Operation): void {
    if (action.kind === 'write') {
      this.#record('complete', action.write)
      this.#scheduler.completed(action.slot)
    } else {
      this.#record('flush-complete', action.flush)
      this.#scheduler.flushed()
    }
  }

  #fail({ action }: Operation): void {
    this.#failed = true
    if (action.kind === 'write') this.#record('failed', action.write, EIO)
    else this.#record('flush-failed', action.flush, EIO)
    this.#scheduler.failed(action.kind === 'write' ? action.slot : 'flush')
  }

  /** Nothing is left to do: the agent says so, and holds for a while until the cut. */
  #end(): false {
    this.#record('end', 0)
    if (this.#random.chance(0.8)) this.#ship(() => undefined)
    const idleUs =
      this.#options.cutAtUs === Number.POSITIVE_INFINITY ? TICK_US * this.#random.below(4) : this.#options.cutAtUs
    this.#passTime(Math.max(this.#now, idleUs))
    return false
  }
}

function earliest<T extends { readonly at: number }>(items: readonly T[]): T | undefined {
  let first: T | undefined
  for (const item of items) if (first === undefined || item.at < first.at) first = item
  return first
}

const timeOf = (item: { readonly at: number } | undefined): number => item?.at ?? NEVER

function manifestOf(seed: string, options: SimOptions, contract: Contract): Manifest {
  const { described = {} } = options
  return {
    schema: MANIFEST_SCHEMA,
    run: options.run,
    campaign: options.campaign,
    device: options.device,
    startedAt: described.startedAt ?? '1970-01-01T00:00:00.000Z',
    plan: options.plan,
    io: described.io ?? 'direct',
    queueDepth: options.queueDepth,
    flushMode: options.flushMode,
    commit: options.commit,
    baseline: options.baseline,
    overlapInFlight: options.overlapInFlight,
    contract: formatContract(contract),
    target: described.target ?? {
      path: 'sim',
      kind: 'block',
      sizeSectors: options.sizeSectors,
      logicalBlockBytes: options.plan.alignSectors * SECTOR_BYTES,
      writeCache: options.mode === 'write-through' ? 'write through' : 'write back',
      fua: true,
      driver: 'sim',
    },
    environment: {
      hostname: 'sim',
      kernel: 'sim',
      arch: 'sim',
      node: process.version,
      agent: VERSION,
      cpus: 1,
      labels: { ...described.labels, sim: seed },
    },
  }
}
