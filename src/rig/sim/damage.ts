/**
 * Damage to the medium after the cut: what a disk that looks honest while it works may still show afterwards.
 * What each kind does to the medium is below; the truth about it goes into the disk's holdings and injections.
 */
import type { Prng } from '../../core/prng.ts'
import { SectorBuffer, type StampedRun } from '../../core/stamp.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import { OLDER_RUN, olderSector, sectorBefore, stamperFor } from './before.ts'
import { type CutFault, type FaultSpec, isCutFault, type Place } from './fault.ts'
import { type DiskRequest, type Holding, INITIAL } from './request.ts'
import { possibleMaxOf, type Simulation } from './simulation.ts'

type RangeFault = 'zero-cluster' | 'rollback' | 'read-error' | 'short-device'

const ZEROS: Holding = { kind: 'zeros' }
const GARBAGE: Holding = { kind: 'garbage' }
const OLDER: Holding = { kind: 'made', what: 'older-run' }
const BEYOND: Holding = { kind: 'made', what: 'beyond-window' }
const NOT_IN_PLAN: Holding = { kind: 'made', what: 'not-in-plan' }
const PHANTOM_AHEAD = 50

/** Does what the faults of the run ask for. */
export function damage(simulation: Simulation, random: Prng): void {
  const damager = new Damager(simulation, random)
  for (const fault of simulation.options.faults) {
    if (isCutFault(fault.kind)) damager.repeat(fault.kind, fault)
  }
}

class Damager {
  readonly #simulation: Simulation
  readonly #random: Prng
  readonly #sector = SectorBuffer.ofSectors(1)

  constructor(simulation: Simulation, random: Prng) {
    this.#simulation = simulation
    this.#random = random
  }

  /** So many times; with a rate, once by that chance. Outside the region nothing is judged, so nothing is done there. */
  repeat(kind: CutFault, fault: FaultSpec): void {
    const { rate, times = 1 } = fault
    const place = common(fault.where ?? this.#region, this.#region)
    if (place === undefined || (rate !== undefined && !this.#random.chance(rate))) return
    for (let i = 0; i < (rate === undefined ? times : 1); i++) this.#once(kind, fault, place)
  }

  #once(kind: CutFault, { at, where }: FaultSpec, place: Place): void {
    switch (kind) {
      case 'reorder':
        return
      case 'flip-bit':
        return this.#flipBit(this.#anywhere(place))
      case 'stale':
        return this.#stale(place, at)
      case 'collateral':
        return this.#collateral(place)
      case 'phantom':
        return this.#phantom(place, where !== undefined)
      case 'zero-cluster':
      case 'rollback':
      case 'read-error':
      case 'short-device':
        return this.#range(kind, where === undefined ? this.#drawn(kind) : place)
    }
  }

  /** Damage to the whole of a range. */
  #range(kind: RangeFault, range: Place): void {
    switch (kind) {
      case 'zero-cluster':
        return this.#over(kind, range, () => this.#zero())
      case 'rollback':
        return this.#over(kind, range, (lba) => this.#older(lba))
      case 'read-error':
        return this.#unreadable(kind, range, 'EIO')
      case 'short-device':
        return this.#unreadable(kind, { ...range, sectors: this.#simulation.options.sizeSectors - range.lba }, 'EOF')
    }
  }

  /** The range of such damage where nobody asked for one: a few sectors, or a cluster, or what of it lies in the region. */
  #drawn(kind: RangeFault): Place {
    const lba = this.#anywhere(this.#region)
    if (kind === 'read-error') return { lba, sectors: 1 + this.#random.below(3) }
    if (kind === 'short-device') return { lba, sectors: 1 }
    const { clusterSectors } = this.#simulation.options.plan
    const start = Math.floor(lba / clusterSectors) * clusterSectors
    return common({ lba: start, sectors: clusterSectors }, this.#region) ?? { lba, sectors: 1 }
  }

  get #region(): Place {
    return this.#simulation.options.plan.region
  }

  #anywhere({ lba, sectors }: Place): number {
    return lba + this.#random.below(sectors)
  }

  #note(kind: CutFault, lba: number, sectors: number, write?: number): void {
    this.#simulation.disk.injections.push({ kind, lba, sectors, ...(write === undefined ? {} : { write }) })
  }

  /** Overwrites a range with what `make` leaves in the scratch sector, and says it holds. */
  #over(kind: CutFault, { lba, sectors }: Place, make: (lba: number) => Holding): void {
    for (let address = lba; address < lba + sectors; address++) {
      const holding = make(address)
      this.#simulation.disk.overwrite(address, this.#sector.bytes, holding)
    }
    this.#note(kind, lba, sectors)
  }

  #zero(): Holding {
    this.#sector.bytes.fill(0)
    const { baseline, before } = this.#simulation.options
    return baseline === 'scan' && before === 'zeros' ? INITIAL : ZEROS
  }

  #older(lba: number): Holding {
    olderSector(this.#sector, 0, lba, OLDER_RUN.rollback, this.#simulation.options.device)
    return OLDER
  }

  #noise(): Holding {
    for (let i = 0; i < SECTOR_BYTES; i++) this.#sector.bytes[i] = this.#random.below(256)
    return GARBAGE
  }

  #flipBit(lba: number): void {
    const bit = this.#random.below(SECTOR_BYTES * 8)
    const { disk } = this.#simulation
    this.#sector.bytes.set(disk.medium.sector(lba))
    this.#sector.bytes[bit >> 3] = (this.#sector.bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    disk.overwrite(lba, this.#sector.bytes, GARBAGE)
    this.#note('flip-bit', lba, 1)
  }

  /** Neighbouring sectors of one write return to what was there before it. Only a sector that was written has an older version. */
  #stale(place: Place, write: number | undefined): void {
    const { disk } = this.#simulation
    const written = addressesOf(place).filter((lba) => {
      const tag = tagOf(disk.holdingOf(lba))
      return tag > 0 && (write === undefined || tag === write)
    })
    if (written.length === 0) return
    const from = this.#random.pick(written)
    const holding = disk.holdingOf(from)
    if (holding.kind !== 'request') return
    const { request } = holding
    const sectors = 1 + this.#random.below(request.at + request.sectors - from)
    for (let lba = from; lba < from + sectors; lba++) {
      if (disk.holdingOf(lba) === holding) disk.overwrite(lba, ...this.#versionBefore(request, lba))
    }
    this.#note('stale', from, sectors, request.tag)
  }

  #versionBefore(request: DiskRequest, lba: number): readonly [Uint8Array, Holding] {
    const covers = (other: DiskRequest): boolean => other.home <= lba && lba < other.home + other.sectors
    const older = this.#simulation.disk.requests.filter((other) => covers(other) && other.isBefore(request))
    const chosen = older.length === 0 ? undefined : this.#random.pick(older)
    if (chosen !== undefined) return [chosen.data.sector(lba - chosen.home), chosen.holding]
    sectorBefore(this.#sector, 0, lba, this.#simulation.options)
    return [this.#sector.bytes, INITIAL]
  }

  #collateral(place: Place): void {
    const { plan, events, options } = this.#simulation
    const touched = new Set<number>()
    for (let write = 1; write <= possibleMaxOf(events, plan); write++) {
      const { lba, sectors } = plan.write(write)
      for (let address: number = lba; address < lba + sectors; address++) touched.add(address)
    }
    const untouched = addressesOf(place).filter((lba) => !touched.has(lba))
    if (untouched.length === 0) return
    const zeroTells = !(options.baseline === 'scan' && options.before === 'zeros')
    const make = this.#random.pick([
      () => this.#noise(),
      (lba: number) => this.#older(lba),
      ...(zeroTells ? [() => this.#zero()] : []),
    ])
    this.#over('collateral', { lba: this.#random.pick(untouched), sectors: 1 }, make)
  }

  /** Where the place matters, one that the plan does not put there: a write beyond the windows has its own. */
  #phantom(place: Place, placeMatters: boolean): void {
    if (!placeMatters && this.#random.chance(0.5)) this.#beyondWindow()
    else this.#notInPlan(this.#anywhere(place))
  }

  /** A write that no window allowed, whole, where the plan would put it. */
  #beyondWindow(): void {
    const { plan, events } = this.#simulation
    const write = possibleMaxOf(events, plan) + 1 + this.#random.below(PHANTOM_AHEAD)
    if (write > plan.length) return this.#notInPlan(this.#anywhere(this.#region))
    const planned = plan.write(write)
    const run = { write, lba: planned.lba, count: planned.sectors, epoch: plan.epochOf(write) }
    this.#stamped(run, planned.sectors, BEYOND)
  }

  /** A valid stamp of this run and this address, of a write that the plan does not put there. */
  #notInPlan(lba: number): void {
    const { plan, events } = this.#simulation
    const write = 1 + this.#random.below(Math.max(1, possibleMaxOf(events, plan)))
    const planned = plan.write(write)
    if (planned.lba <= lba && lba < planned.lba + planned.sectors) return
    this.#stamped({ write, lba, count: 1, epoch: plan.epochOf(write) }, 1, NOT_IN_PLAN)
  }

  #stamped(run: StampedRun, sectors: number, holding: Holding): void {
    const { options, disk } = this.#simulation
    for (let i = 0; i < sectors; i++) {
      stamperFor(options.run, options.device).fill(this.#sector, 0, run, i, 1)
      disk.overwrite(run.lba + i, this.#sector.bytes, holding)
    }
    this.#note('phantom', run.lba, sectors, run.write)
  }

  #unreadable(kind: CutFault, { lba, sectors }: Place, errno: string): void {
    const end = Math.min(lba + sectors, this.#simulation.options.sizeSectors)
    for (let address = lba; address < end; address++) this.#simulation.disk.unreadable.set(address, errno)
    this.#note(kind, lba, end - lba)
  }
}

const addressesOf = ({ lba, sectors }: Place): number[] => Array.from({ length: sectors }, (_, i) => lba + i)

const tagOf = (holding: Holding): number => (holding.kind === 'request' ? holding.request.tag : 0)

/** The sectors that two places share, if any. */
function common(a: Place, b: Place): Place | undefined {
  const lba = Math.max(a.lba, b.lba)
  const end = Math.min(a.lba + a.sectors, b.lba + b.sectors)
  return lba < end ? { lba, sectors: end - lba } : undefined
}
