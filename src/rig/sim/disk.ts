/**
 * A disk in this process, with a volatile write cache, drawn from one seed; honest unless asked to lie.
 *
 * What an honest one does, and nothing more may be relied on:
 * - A write is in flight from `begin` to `finish`. Any of its sectors may reach the medium at any moment from `begin` on,
 *   and in any order: a write in flight at the cut may be there in part. A single sector is never there in part.
 * - a → b: a finished before b began. Where both cover a sector, a never reaches the medium after b did. Writes whose times
 *   overlap land in any order, and in another order in each sector.
 * - A flush covers the writes that finished before it began: when it finishes they are on the medium, unless something
 *   not before them is there instead. It promises nothing about writes that were in flight when it began.
 * - A FUA write is on the medium when it finishes; in mode `write-through` every write is.
 * - In between, the cache is written back whenever it pleases (`stir`): any sector, any write.
 * - At the cut each sector of a write that is not on the medium yet goes there or not, by chance (`survival`).
 *
 * Modes make it stricter or looser: `ordered` lets a write begin to land only when every write before it has landed, so
 * what survives is a prefix-consistent cut; `virtio-strict` leaves garbage in sectors under a write that was not stable;
 * `atomicSectors` makes writes that fit one aligned unit of that size land all at once or not at all.
 *
 * The lies it can be asked for are in fault.ts, when each is told in strikes.ts: those of writes, flushes and epochs happen
 * here, damage to the medium is done from outside (damage.ts). Where a lie was told is in `injections`, what each sector
 * really holds in `holdingOf`: the truth against which judges are judged. Time, plans and logs are the run's (run.ts).
 */
import assert from 'node:assert/strict'
import { Prng, type Key64 } from '../../core/prng.ts'
import { SectorBuffer } from '../../core/stamp.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import { type FaultKind, type FaultSpec, type Injection, isWriteFault } from './fault.ts'
import { DiskRequest, type Holding, INITIAL, isKnown } from './request.ts'
import { Strikes } from './strikes.ts'

export const DISK_MODES = ['volatile', 'write-through', 'ordered', 'virtio-strict'] as const
export type DiskMode = (typeof DISK_MODES)[number]

export interface DiskOptions {
  readonly sizeSectors: number
  readonly mode: DiskMode
  /** Writes within one aligned unit of so many sectors are all or nothing; 0: none are. */
  readonly atomicSectors: number
  readonly seed: Key64
  /** Chance that what is not on the medium at the cut still goes there. */
  readonly survival: number
  readonly faults: readonly FaultSpec[]
}

/** Memory for the data of writes is taken in pieces of so many sectors. */
const MEMORY_SECTORS = 256

/** A flush under way. */
export interface DiskFlush {
  readonly number: number
  readonly covered: readonly DiskRequest[]
}

/** A request in a sector that it covers. `landed`: on the medium, and kept here only while it is not stable. */
interface Version {
  readonly request: DiskRequest
  landed: boolean
}

export class SimDisk {
  readonly options: DiskOptions
  readonly medium: SectorBuffer
  readonly injections: Injection[] = []
  /** Every request, where damage needs to know older versions; else empty. */
  readonly requests: DiskRequest[] = []
  /** Sectors that cannot be read, with the error number. */
  readonly unreadable = new Map<number, string>()
  readonly random: Prng
  readonly #keepAll: boolean
  readonly #holdings: Holding[]
  /** Per sector: versions that may still land, or landed and are not stable. */
  readonly #versions = new Map<number, Version[]>()
  /** Requests with a version anywhere, in the order of their begins. */
  readonly #live = new Set<DiskRequest>()
  /** Requests that may have something to land, in no order; those that have not are dropped when met. */
  readonly #backlog: DiskRequest[] = []
  readonly #strikes: Strikes
  /** Misdirected writes. */
  readonly #stray: DiskRequest[] = []
  readonly #scratch = new Uint8Array(SECTOR_BYTES)
  #memory = SectorBuffer.ofSectors(0)
  #memoryUsed = 0
  #flushesBegun = 0
  /** Whether the epoch at hand is lost; not known before its first write. */
  #losesEpoch: boolean | undefined
  #order = 0
  #powered = true

  constructor(options: DiskOptions) {
    this.options = options
    this.medium = SectorBuffer.ofSectors(options.sizeSectors)
    this.random = new Prng(options.seed)
    this.#holdings = Array.from({ length: options.sizeSectors }, () => INITIAL)
    this.#keepAll = options.faults.some(({ kind }) => kind === 'stale')
    this.#strikes = new Strikes(options.faults, this.random)
  }

  /** What the sector really holds. */
  holdingOf(lba: number): Holding {
    return this.#holdings[lba] ?? INITIAL
  }

  /** Starts a write of `sectors` sectors of `from`, from its sector `index`; the bytes are copied. */
  begin(tag: number, lba: number, sectors: number, fua: boolean, from: SectorBuffer, index = 0): DiskRequest {
    assert(this.#powered, 'a disk without power takes no writes')
    assert(sectors >= 1 && lba >= 0 && lba + sectors <= this.options.sizeSectors, 'a write lies on the disk')
    const data = this.#memoryOf(sectors)
    data.bytes.set(from.bytes.subarray(index * SECTOR_BYTES, (index + sectors) * SECTOR_BYTES))
    const request = this.#newRequest(tag, lba, sectors, fua, data)
    this.#strike(request)
    this.#enter(request)
    if (request.ghost !== undefined) this.#enter(request.ghost)
    return request
  }

  /** Reports the write done. */
  finish(request: DiskRequest): void {
    assert(request.finished === Number.POSITIVE_INFINITY, 'a write finishes once')
    const order = ++this.#order
    for (const one of request.ghost === undefined ? [request] : [request, request.ghost]) {
      one.finished = order
      if (!one.fua && this.options.mode !== 'write-through') continue
      if (one.held === 0 && !one.fuaIgnored) this.#landWithThoseBefore(one)
      this.#markStable(one)
    }
  }

  /** Starts a flush; `number` is the caller's, from 1, and 0 for that of the baseline, which faults spare. */
  beginFlush(number: number): DiskFlush {
    assert(this.#powered, 'a disk without power takes no flushes')
    this.#flushesBegun = number
    this.#losesEpoch = undefined
    const covered = [...this.#live].filter((request) => request.finished !== Number.POSITIVE_INFINITY)
    return { number, covered }
  }

  /** Reports the flush done: what it covers is on the medium, or overtaken there. */
  finishFlush(flush: DiskFlush): void {
    const dropped = flush.number > 0 && this.#drops(flush.number)
    if (flush.number > 0 && !dropped) this.#holdBackOne(flush)
    for (const request of dropped ? [] : this.#landingOrder(flush.covered)) {
      if (request.held === 0) this.#landAll(request)
      else request.held--
    }
    for (const request of flush.covered) this.#markStable(request)
  }

  #drops(flush: number): boolean {
    const kind = (['drop-flush', 'drop-every-kth-flush'] as const).find((one) => this.#strikes.strikes(one, flush))
    if (kind !== undefined) this.injections.push({ kind, lba: 0, sectors: 0, flush })
    return kind !== undefined
  }

  /** Write-back: so many times a random write, in whole or one sector of it. */
  stir(steps: number): void {
    for (let step = 0; step < steps; step++) {
      const request = this.options.mode === 'ordered' ? this.#pickReady() : this.#pickBacklog()
      if (request === undefined) return
      if (request.atomic || this.random.chance(0.5)) this.#landAll(request)
      else this.#land(request, request.at + this.random.below(request.sectors))
    }
  }

  #pickReady(): DiskRequest | undefined {
    const ready = this.#ready()
    return ready.length === 0 ? undefined : this.random.pick(ready)
  }

  #pickBacklog(): DiskRequest | undefined {
    while (this.#backlog.length > 0) {
      const place = this.random.below(this.#backlog.length)
      const request = this.#backlog[place]
      if (request !== undefined && request.pending > 0 && request.held === 0) return request
      if (request !== undefined && request.pending > 0) return undefined
      const last = this.#backlog.pop()
      if (last !== undefined && place < this.#backlog.length) this.#backlog[place] = last
    }
    return undefined
  }

  /** Takes the power away: what is still in the cache lands or is gone. */
  cut(): void {
    assert(this.#powered, 'the power is cut once')
    if (this.options.mode === 'ordered') this.#cutOrdered()
    else for (const request of this.#shuffled(this.#live)) this.#landSome(request, this.options.survival)
    if (this.options.mode === 'virtio-strict') this.#leaveGarbage()
    this.#powered = false
    this.#versions.clear()
    this.#live.clear()
  }

  /** The newest data of a sector, as a read finds it: from the cache, else from the medium. */
  readSector(lba: number): Uint8Array {
    const newest = this.#versions.get(lba)?.findLast((version) => !version.landed)
    return newest === undefined ? this.medium.sector(lba) : newest.request.data.sector(lba - newest.request.at)
  }

  /** Puts bytes on the medium from outside. */
  overwrite(lba: number, bytes: Uint8Array, holding: Holding): void {
    this.medium.sector(lba).set(bytes)
    this.#holdings[lba] = holding
  }

  /** Memory for a write's data: cut from a larger piece, since a buffer of its own costs more than all else about a write. */
  #memoryOf(sectors: number): SectorBuffer {
    if (this.#memoryUsed + sectors > this.#memory.sectors) {
      this.#memory = SectorBuffer.ofSectors(Math.max(MEMORY_SECTORS, sectors))
      this.#memoryUsed = 0
    }
    const from = this.#memoryUsed * SECTOR_BYTES
    this.#memoryUsed += sectors
    return new SectorBuffer(this.#memory.bytes.buffer, from, sectors * SECTOR_BYTES)
  }

  #newRequest(tag: number, home: number, sectors: number, fua: boolean, data: SectorBuffer): DiskRequest {
    const request = new DiskRequest(tag, home, sectors, fua, data, ++this.#order)
    const { atomicSectors } = this.options
    if (atomicSectors > 0)
      request.atomic = Math.floor(home / atomicSectors) === Math.floor((home + sectors - 1) / atomicSectors)
    if (this.#keepAll) this.requests.push(request)
    return request
  }

  /** Lets faults befall a write that just began. The baseline (tag 0) is spared: it is not what is tested. */
  #strike(request: DiskRequest): void {
    if (request.tag === 0) return
    for (const { kind } of this.options.faults) {
      if (!isWriteFault(kind) || !this.#canStrike(kind, request)) continue
      if (this.#strikes.strikes(kind, request.tag, placeOf(request))) this.#befall(kind, request)
    }
    this.#loseWithEpoch(request)
  }

  /** Fault: a write of a lost epoch never lands. Its epoch is named by the flush that ends it. */
  #loseWithEpoch(request: DiskRequest): void {
    const flush = this.#flushesBegun + 1
    this.#losesEpoch ??= this.#strikes.strikes('lose-epoch', flush)
    if (!this.#losesEpoch) return
    request.held = Number.POSITIVE_INFINITY
    this.injections.push({ kind: 'lose-epoch', ...placeOf(request), write: request.tag, flush })
  }

  #canStrike(kind: FaultKind, request: DiskRequest): boolean {
    if (kind === 'ignore-fua') return request.fua
    if (kind === 'tear-atomic') return request.atomic && request.sectors > 1
    return request.sectors * 3 <= this.options.sizeSectors || !(kind === 'misdirect' || kind === 'write-two-places')
  }

  #befall(kind: FaultKind, request: DiskRequest): void {
    const injection = { kind, lba: request.home, sectors: request.sectors, write: request.tag }
    if (kind === 'ignore-fua') request.fuaIgnored = true
    if (kind === 'acknowledge-early') request.held = 1
    if (kind === 'tear-atomic') request.atomic = false
    if (kind === 'tear-sector') request.tearAt = request.at + this.random.below(request.sectors)
    if (kind === 'misdirect') {
      request.at = this.#elsewhere(request)
      this.#stray.push(request)
    }
    if (kind === 'write-two-places') {
      request.ghost = this.#newRequest(request.tag, request.home, request.sectors, request.fua, request.data)
      request.ghost.at = this.#elsewhere(request)
    }
    const place = kind === 'tear-sector' ? { lba: request.tearAt, sectors: 1 } : { lba: (request.ghost ?? request).at }
    this.injections.push({ ...injection, ...place })
  }

  /** Another address for the write, as far from its own as its length goes into it: both are whole requests of the same size. */
  #elsewhere(request: DiskRequest): number {
    const grain = request.sectors
    const places = Math.floor(this.options.sizeSectors / grain)
    for (let tries = 0; tries < 16; tries++) {
      const at = this.random.below(places) * grain
      if (at + grain <= request.home || at >= request.home + grain) return at
    }
    return request.home >= grain
      ? request.home - grain
      : Math.min(request.home + grain, this.options.sizeSectors - grain)
  }

  #enter(request: DiskRequest): void {
    request.pending = request.sectors
    this.#live.add(request)
    this.#backlog.push(request)
    for (let lba = request.at; lba < request.at + request.sectors; lba++) {
      const versions = this.#versions.get(lba)
      const version = { request, landed: false }
      if (versions === undefined) this.#versions.set(lba, [version])
      else versions.push(version)
    }
  }

  /** Requests that may land something now. */
  #ready(): DiskRequest[] {
    const pending = [...this.#live].filter((request) => request.pending > 0 && request.held === 0)
    if (this.options.mode !== 'ordered') return pending
    let first = Number.POSITIVE_INFINITY
    for (const request of this.#live) if (request.pending > 0) first = Math.min(first, request.finished)
    return pending.filter((request) => request.begun < first)
  }

  #landingOrder(requests: readonly DiskRequest[]): readonly DiskRequest[] {
    return this.options.mode === 'ordered' ? requests : this.#shuffled(requests)
  }

  #landAll(request: DiskRequest): void {
    for (let lba = request.at; request.pending > 0 && lba < request.at + request.sectors; lba++)
      this.#land(request, lba)
  }

  /** An ordered disk cannot make one write stable without those before it. */
  #landWithThoseBefore(request: DiskRequest): void {
    if (this.options.mode === 'ordered') {
      for (const earlier of this.#live) if (earlier.held === 0 && earlier.isBefore(request)) this.#landAll(earlier)
    }
    this.#landAll(request)
  }

  /** Each sector by chance, all or none where the write is atomic. */
  #landSome(request: DiskRequest, chance: number): void {
    if (request.held > 0 || request.pending === 0) return
    const together = request.atomic || this.random.chance(0.5)
    if (together) {
      if (this.random.chance(chance)) this.#landAll(request)
      return
    }
    for (let lba = request.at; lba < request.at + request.sectors; lba++) {
      if (this.random.chance(chance)) this.#land(request, lba)
    }
  }

  /** Brings one sector to the medium, unless it is there already or overtaken; versions before it will never land any more. */
  #land(request: DiskRequest, lba: number): void {
    const versions = this.#versions.get(lba)
    const version = versions?.find((one) => one.request === request)
    if (versions === undefined || version === undefined || version.landed) return
    this.#put(request, lba)
    version.landed = true
    this.#settled(request)
    const kept = versions.filter((one) => (one === version ? !request.stable : !one.request.isBefore(request)))
    for (const one of versions) if (!one.landed && !kept.includes(one) && one !== version) this.#settled(one.request)
    this.#keep(lba, kept)
  }

  #keep(lba: number, versions: Version[]): void {
    if (versions.length === 0) this.#versions.delete(lba)
    else this.#versions.set(lba, versions)
  }

  #settled(request: DiskRequest): void {
    request.pending--
    if (request.pending === 0 && request.stable) this.#live.delete(request)
  }

  #put(request: DiskRequest, lba: number): void {
    const bytes = request.data.sector(lba - request.at)
    if (request.tearAt !== lba || !this.#tear(request, lba, bytes)) this.overwrite(lba, bytes, request.holding)
  }

  /** Puts a mix of the sector's new and old bytes; false where the two do not differ on both sides of the place. */
  #tear(request: DiskRequest, lba: number, bytes: Uint8Array): boolean {
    const offset = 8 * (1 + this.random.below(SECTOR_BYTES / 8 - 1))
    const newFirst = this.random.chance(0.5)
    const old = this.medium.sector(lba)
    const [head, tail] = newFirst ? [bytes, old] : [old, bytes]
    this.#scratch.set(head.subarray(0, offset))
    this.#scratch.set(tail.subarray(offset), offset)
    if (equal(this.#scratch, bytes) || equal(this.#scratch, old)) return false
    const was = this.holdingOf(lba)
    if (request.at !== request.home || !isKnown(was)) return false
    const holding: Holding = {
      kind: 'mix',
      offset,
      head: newFirst ? request.holding : was,
      tail: newFirst ? was : request.holding,
    }
    this.overwrite(lba, this.#scratch, holding)
    return true
  }

  /** What the contract has made stable, whether the disk kept it or not. */
  #markStable(request: DiskRequest): void {
    if (request.stable) return
    request.stable = true
    for (let lba = request.at; lba < request.at + request.sectors; lba++) {
      const versions = this.#versions.get(lba)
      if (versions !== undefined)
        this.#keep(
          lba,
          versions.filter((one) => !(one.request === request && one.landed)),
        )
    }
    if (request.pending === 0) this.#live.delete(request)
  }

  /** Fault: one write that the flush covers never lands, and those that came later do. */
  #holdBackOne(flush: DiskFlush): void {
    const kind = 'reorder-across-flush'
    const candidates = flush.covered.filter(
      (request) =>
        request.pending > 0 && request.held === 0 && request.tag > 0 && this.#strikes.allows(kind, placeOf(request)),
    )
    if (candidates.length === 0) return
    const held = this.random.pick(candidates)
    if (!this.#strikes.strikes(kind, flush.number, placeOf(held))) return
    held.held = Number.POSITIVE_INFINITY
    this.injections.push({ kind, ...placeOf(held), write: held.tag, flush: flush.number })
  }

  /** A prefix of the order lands whole; of those that may come next, anything. */
  #cutOrdered(): void {
    this.#reorder()
    for (
      let ready = this.#ready();
      ready.length > 0 && this.random.chance(this.options.survival);
      ready = this.#ready()
    ) {
      this.#landAll(this.random.pick(ready))
    }
    for (const request of this.#shuffled(this.#ready())) this.#landSome(request, this.random.unit())
  }

  /** Fault: a write lands that another one, which does not, is before. */
  #reorder(): void {
    const pending = [...this.#live].filter((request) => request.pending > 0 && !request.stable)
    const mayBeLost = pending.filter((early) => this.#strikes.allows('reorder', placeOf(early), early.tag))
    const pairs = mayBeLost.flatMap((early) =>
      pending.filter((late) => early.isBefore(late)).map((late) => ({ early, late })),
    )
    if (pairs.length === 0) return
    const { early, late } = this.random.pick(pairs)
    if (!this.#strikes.strikes('reorder', early.tag, placeOf(early))) return
    early.held = Number.POSITIVE_INFINITY
    this.#landAll(late)
    this.injections.push({ kind: 'reorder', ...placeOf(early), write: early.tag })
  }

  /** Under a write that is not stable and not overtaken by one that is, a sector may hold anything. */
  #leaveGarbage(): void {
    for (const [lba, versions] of this.#versions) {
      const open = versions.some(
        ({ request }) =>
          request.at === request.home &&
          !request.stable &&
          !request.atomic &&
          !this.#isOvertaken(request, [...versions, ...this.#strayOf(lba)]),
      )
      if (!open || !this.random.chance(0.1)) continue
      for (let i = 0; i < SECTOR_BYTES; i++) this.#scratch[i] = this.random.below(256)
      this.overwrite(lba, this.#scratch, { kind: 'garbage' })
    }
  }

  #isOvertaken(request: DiskRequest, others: readonly { readonly request: DiskRequest }[]): boolean {
    return others.some((other) => other.request.stable && request.isBefore(other.request))
  }

  /** Misdirected writes that belong there: what came before one that is stable may not leave garbage in its place. */
  #strayOf(lba: number): readonly { readonly request: DiskRequest }[] {
    return this.#stray
      .filter(({ home, sectors }) => home <= lba && lba < home + sectors)
      .map((request) => ({ request }))
  }

  #shuffled<T>(items: Iterable<T>): T[] {
    return Array.from(items, (item) => ({ item, place: this.random.bits() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ item }) => item)
  }
}

const placeOf = ({ home, sectors }: DiskRequest): { readonly lba: number; readonly sectors: number } => ({
  lba: home,
  sectors,
})

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, i) => byte === b[i])
}
