import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Plan, type PlanSpec } from '../../src/core/plan.ts'
import { Prng } from '../../src/core/prng.ts'
import { type Action, Scheduler, type SchedulerOptions, schedulerWords } from '../../src/core/scheduler.ts'
import { EVERY_16 } from '../../src/core/workload/workload.ts'

const SPEC: PlanSpec = {
  workload: 'random',
  seed: '0000000000000001',
  region: { lba: 0, sectors: 256 },
  writeSectors: { least: 1, most: 16 },
  alignSectors: 1,
  clusterSectors: 8,
  fuaPercent: 10,
  cadence: EVERY_16,
}
const OPTIONS: SchedulerOptions = {
  queueDepth: 4,
  flushMode: 'barrier',
  commitWait: false,
  overlapInFlight: false,
  writesMax: 300,
}

type Write = Extract<Action, { kind: 'write' }>

function scheduler(spec: Partial<PlanSpec> = {}, options: Partial<SchedulerOptions> = {}): Scheduler {
  const merged = { ...OPTIONS, ...options }
  return new Scheduler(Plan.of({ ...SPEC, ...spec }), merged, new Uint32Array(schedulerWords(merged.queueDepth)))
}

/** Drives a scheduler with completions in random order; asserts at every step what must hold. */
class Driver {
  readonly #scheduler: Scheduler
  readonly #options: SchedulerOptions
  readonly #plan: Plan
  readonly #random: Prng
  readonly writes: Write[] = []
  #inFlight: Write[] = []
  #flush: { readonly drain: boolean } | undefined
  #nowUs = 0
  #held = false
  #stepsLeft = 0
  flushes = 0
  fullest = 0

  constructor(spec: PlanSpec, options: SchedulerOptions, seed: number) {
    this.#plan = Plan.of(spec)
    this.#options = options
    this.#random = new Prng({ lo: seed, hi: 7 })
    this.#scheduler = new Scheduler(this.#plan, options, new Uint32Array(schedulerWords(options.queueDepth)))
  }

  /** Runs to `done` with nothing in flight. */
  run(): void {
    for (let step = 0; step < 100_000; step++) {
      this.#nowUs += this.#random.below(2000)
      const may = this.#scheduler.mayStart
      const action = this.#scheduler.next(this.#nowUs)
      if (action.kind === 'write' || action.kind === 'flush') this.#checkMay(may)
      if (action.kind === 'done' && this.#inFlight.length === 0 && this.#flush === undefined) return
      this.#take(action)
      if (this.#random.chance(0.3)) this.#settleOne()
    }
    assert.fail('it never ends')
  }

  /** A no means that something must come first; time alone may prove it wrong, at the end of a pause or an interval. */
  #checkMay(may: boolean): void {
    const timed = this.#plan.spec.cadence.kind === 'interval' || this.#plan.spec.workload === 'script'
    assert(may || timed, 'mayStart says no, and yet there is something to start')
  }

  #take(action: Action): void {
    assert(
      !this.#held || action.kind === 'wait',
      `nothing may start before the commit is acknowledged, not ${action.kind}`,
    )
    switch (action.kind) {
      case 'write':
        this.#checkWrite(action)
        this.writes.push(action)
        this.#inFlight.push(action)
        this.fullest = Math.max(this.fullest, this.#inFlight.length)
        break
      case 'flush':
        this.#checkFlush(action.flush)
        break
      case 'sleep':
        assert.equal(this.#inFlight.length, 0, 'a pause waits until nothing is in flight')
        this.#nowUs = Math.max(this.#nowUs, action.untilUs)
        break
      case 'wait':
        this.#relieve(action.for)
        break
      case 'done':
        this.#settleOne()
        break
    }
  }

  #checkWrite(write: Write): void {
    assert.equal(write.write, this.writes.length + 1, 'writes are issued in the order of the plan')
    assert(write.write <= this.#scheduler.window, 'no write beyond the window')
    assert(this.#inFlight.length < this.#options.queueDepth, 'no more in flight than the queue takes')
    assert(
      this.#inFlight.every((other) => other.slot !== write.slot),
      'a slot is one write at a time',
    )
    assert.deepEqual({ lba: write.lba, sectors: write.sectors, fua: write.fua }, { ...this.#plan.write(write.write) })
    assert(this.#flush === undefined || !this.#flush.drain, 'nothing starts during a barrier flush')
    this.#checkSteps(write.write - 1)
    if (this.#options.overlapInFlight) return
    for (const other of this.#inFlight) {
      assert(write.lba >= other.lba + other.sectors || other.lba >= write.lba + write.sectors, 'no overlap in flight')
    }
  }

  /** Every flush that the plan wants after write n was issued before write n + 1. */
  #checkSteps(n: number): void {
    const wanted = this.#plan.stepsAfter(n).filter((step) => step.kind === 'flush').length
    if (this.#plan.spec.cadence.kind !== 'interval') assert.equal(this.#stepsLeft, wanted, `flushes after write ${n}`)
    this.#stepsLeft = 0
  }

  #checkFlush(flush: number): void {
    assert.equal(flush, ++this.flushes, 'flushes are numbered in the order of their issue')
    assert.equal(this.#flush, undefined, 'at most one flush is in flight')
    const steps = this.#plan.stepsAfter(this.writes.length)
    const step = steps.filter((candidate) => candidate.kind === 'flush')[this.#stepsLeft]
    const drain = this.#options.flushMode === 'barrier' || (step?.kind === 'flush' && step.drain)
    if (drain) assert.equal(this.#inFlight.length, 0, 'a barrier means that nothing is in flight at the flush')
    this.#stepsLeft++
    this.#flush = { drain }
  }

  #relieve(what: 'completion' | 'window' | 'commit'): void {
    switch (what) {
      case 'window':
        this.#scheduler.widenWindow(this.#scheduler.window + 1 + this.#random.below(20))
        break
      case 'commit':
        assert(this.#held, 'only a flush holds for a commit')
        if (this.#inFlight.length > 0 && this.#random.chance(0.5)) return this.#settleOne()
        this.#held = false
        this.#scheduler.commitAcknowledged()
        break
      case 'completion':
        assert(this.#inFlight.length > 0 || this.#flush !== undefined, 'a wait for a completion has one to come')
        this.#settleOne()
        break
    }
  }

  #settleOne(): void {
    const which = this.#random.below(this.#inFlight.length + 1)
    const write = this.#inFlight[which]
    if (write !== undefined) {
      this.#scheduler.completed(write.slot)
      this.#inFlight = this.#inFlight.filter((other) => other !== write)
    } else if (this.#flush !== undefined) {
      this.#scheduler.flushed()
      this.#held = this.#options.commitWait
      this.#flush = undefined
    }
  }
}

const options = fc.record({
  queueDepth: fc.constantFrom(1, 2, 4, 16, 64),
  flushMode: fc.constantFrom('barrier' as const, 'concurrent' as const),
  commitWait: fc.boolean(),
  overlapInFlight: fc.boolean(),
  writesMax: fc.integer({ min: 1, max: 400 }),
})
const specs = fc.record({
  workload: fc.constantFrom('random', 'hotspot', 'sequential', 'overlap', 'wal', 'straddle', 'first-touch', 'script'),
  seed: fc.nat().map((n) => n.toString(16).padStart(16, '0')),
  cadence: fc.oneof(
    fc.integer({ min: 1, max: 20 }).map((every) => ({ kind: 'writes', every }) as const),
    fc.integer({ min: 1, max: 20 }).map((ms) => ({ kind: 'interval', ms }) as const),
    fc.constant({ kind: 'never' } as const),
    fc.constant({ kind: 'workload' } as const),
  ),
})

test('driven by random completions it keeps every rule, and ends', () => {
  fc.assert(
    fc.property(specs, options, fc.nat(), (drawn, chosen, seed) => {
      const script = 'flush; w 0+8; w 8+8; flush; flush; w 0+16 fua; sleep 3ms; w 4+2; w 5+2; w 200+8; flush'
      const own = drawn.workload === 'wal' || drawn.workload === 'script'
      const cadence = drawn.cadence.kind === 'workload' && !own ? EVERY_16 : drawn.cadence
      const spec = {
        ...SPEC,
        ...drawn,
        cadence: drawn.workload === 'script' ? ({ kind: 'workload' } as const) : cadence,
      }
      const driver = new Driver(drawn.workload === 'script' ? { ...spec, script } : spec, chosen, seed)
      driver.run()
      assert.equal(
        driver.writes.length,
        Math.min(Plan.of({ ...spec, script }).length, chosen.writesMax),
        'every write was issued',
      )
    }),
    { numRuns: 300 },
  )
})

test('a deep queue is really filled', () => {
  const driver = new Driver(
    { ...SPEC, workload: 'sequential', writeSectors: { least: 1, most: 1 }, cadence: { kind: 'never' } },
    { ...OPTIONS, queueDepth: 64 },
    3,
  )
  driver.run()
  assert(driver.fullest > 8)
})

test('nothing is issued after a failure, a stop, or before a window', () => {
  for (const end of [(s: Scheduler): void => s.failed(0), (s: Scheduler): void => s.stop()]) {
    const made = scheduler()
    assert.deepEqual(made.next(0), { kind: 'wait', for: 'window' })
    made.widenWindow(10)
    assert.equal(made.next(0).kind, 'write')
    end(made)
    assert.equal(made.next(0).kind, 'done')
    assert.equal(made.mayStart, true, 'those who sleep are to see that it is over')
  }
})

test('a failed flush ends the run, and is not in flight any more', () => {
  const made = scheduler({ cadence: { kind: 'writes', every: 1 } })
  made.widenWindow(10)
  const write = made.next(0)
  assert(write.kind === 'write')
  made.completed(write.slot)
  assert.deepEqual(made.next(0), { kind: 'flush', flush: 1 })
  made.failed('flush')
  assert.equal(made.flushInFlight, false)
  assert.equal(made.next(0).kind, 'done')
})

test('an interval flush comes when it is due, and only where something was written', () => {
  const made = scheduler({ cadence: { kind: 'interval', ms: 10 } }, { queueDepth: 1 })
  made.widenWindow(10)
  assert.equal(made.next(50_000).kind, 'write', 'nothing was written: nothing to flush')
  assert.deepEqual(made.next(50_000), { kind: 'wait', for: 'completion' })
  made.completed(0)
  assert.deepEqual(made.next(50_000), { kind: 'flush', flush: 1 })
  made.flushed()
  assert.equal(made.next(59_999).kind, 'write')
  made.completed(0)
  assert.equal(made.next(59_999).kind, 'write')
  made.completed(0)
  assert.equal(made.next(60_000).kind, 'flush')
})

test('two schedulers over the same words are one', () => {
  const words = new Uint32Array(schedulerWords(2))
  const plan = Plan.of({ ...SPEC, cadence: { kind: 'never' } })
  const one = new Scheduler(plan, { ...OPTIONS, queueDepth: 2 }, words)
  const other = new Scheduler(plan, { ...OPTIONS, queueDepth: 2 }, words)
  one.widenWindow(5)
  assert.equal(other.window, 5)
  assert.equal(one.next(0).kind, 'write')
  assert.equal(other.issued, 1)
  assert.throws(() => one.widenWindow(4), /never shrinks/)
  assert.throws(() => one.completed(1), /no write is in flight/)
})
