/**
 * The judge: history and device contents in, verdict out. Every rule is one of docs/MODEL.md.
 *
 * It goes over the region once, range by range in ascending order, so memory is bounded whatever the device's size. Three
 * facts make that possible: issues are recorded in the order of their numbers; so the newest stable write of a sector
 * (its floor, for precedence) is the one with the highest number; and a version is allowed exactly where it is not
 * before that floor. Writes that cross into the next range are carried over with what was seen of them so far.
 */
import assert from 'node:assert/strict'
import { type Contract, isAtomic } from './contract.ts'
import type { Content } from './finding.ts'
import { Floors } from './floors.ts'
import type { History } from './history.ts'
import { Observations, RANGE_SECTORS, SEEN } from './observations.ts'
import { Observer } from './observe.ts'
import { RangeIndex, type RangeWrites } from './range-index.ts'
import { keyOf } from './prng.ts'
import { beganAfter } from './run-id.ts'
import { STATE, type SectorNote, WriteView } from './sector-state.ts'
import type { SectorBuffer } from './stamp.ts'
import { Tally } from './tally.ts'
import { WRITE_SECTORS_MAX } from './plan.ts'
import type { Verdict } from './verdict.ts'

export interface JudgeOptions {
  /** Findings to list at most; all are counted. */
  readonly findingsMax: number
}

/** A part of the region to be read and given to `range`. */
export interface JudgeRange {
  readonly lba: number
  readonly sectors: number
}

/** What the contents say about whose device this is; the caller decides whether to judge a stranger at all. */
export interface Evidence {
  sectorsOfThisRun: number
  sectorsOfOtherDevice: number
  /** Sectors that a run wrote which began after this one. */
  sectorsOfLaterRun: number
  /** That run. */
  laterRun?: string
  untouchedSectors: number
  untouchedChanged: number
}

const NO_ERRORS: ReadonlyMap<number, string> = new Map()

export class Judge {
  readonly history: History
  readonly contract: Contract
  readonly evidence: Evidence = {
    sectorsOfThisRun: 0,
    sectorsOfOtherDevice: 0,
    sectorsOfLaterRun: 0,
    untouchedSectors: 0,
    untouchedChanged: 0,
  }
  readonly #tally: Tally
  readonly #observer: Observer
  readonly #index: RangeIndex
  readonly #ownSeen: Observations
  #seen: Observations
  readonly #floors: Floors
  /** One view for all writes that lie wholly in the range at hand. */
  readonly #scratch: WriteView
  #carried = new Map<number, WriteView>()
  #next: number

  constructor(history: History, contract: Contract, options: JudgeOptions) {
    this.history = history
    this.contract = contract
    this.#tally = new Tally(history, contract, options.findingsMax)
    this.#observer = new Observer(history)
    this.#index = new RangeIndex(history)
    const sectorsMax = Math.min(RANGE_SECTORS, this.#region.sectors)
    this.#floors = new Floors(history, sectorsMax)
    this.#ownSeen = new Observations(sectorsMax)
    this.#seen = this.#ownSeen
    this.#scratch = new WriteView(Math.min(WRITE_SECTORS_MAX, sectorsMax), false)
    this.#next = this.#region.lba
  }

  get #region(): { readonly lba: number; readonly sectors: number } {
    return this.history.plan.spec.region
  }

  /** The ranges that `range` wants, in this order. */
  *ranges(): Iterable<JudgeRange> {
    const { lba, sectors } = this.#region
    for (let at = 0; at < sectors; at += RANGE_SECTORS)
      yield { lba: lba + at, sectors: Math.min(RANGE_SECTORS, sectors - at) }
  }

  /**
   * Judges `sectors` sectors from `lba`, which stand at the start of `buffer`. `errors`: address of each sector that
   * could not be read → errno (`EOF` beyond the end of the target); their bytes are not looked at.
   */
  range(lba: number, sectors: number, buffer: SectorBuffer, errors: ReadonlyMap<number, string> = NO_ERRORS): void {
    const writes = this.#writesOf(lba, sectors)
    this.#observer.observe(this.#ownSeen, lba, sectors, buffer, errors, (i) => writes.covering(lba + i))
    this.#judge(writes, lba, sectors, this.#ownSeen)
  }

  /** The same where the columns of `seen` are already what a `Confirmer` makes of those bytes. */
  rangeConfirmed(
    lba: number,
    sectors: number,
    buffer: SectorBuffer,
    errors: ReadonlyMap<number, string>,
    seen: Observations,
  ): void {
    const writes = this.#writesOf(lba, sectors)
    this.#observer.observeRest(seen, lba, sectors, buffer, errors, (i) => writes.covering(lba + i))
    this.#judge(writes, lba, sectors, seen)
  }

  /** The same for contents that somebody else has looked at: what the sectors hold, without their bytes. */
  rangeSeen(lba: number, sectors: number, seen: Observations): void {
    this.#judge(this.#writesOf(lba, sectors), lba, sectors, seen)
  }

  #writesOf(lba: number, sectors: number): RangeWrites {
    assert(lba === this.#next && sectors <= RANGE_SECTORS, 'ranges come in the order of ranges()')
    return this.#index.writesOf((lba - this.#region.lba) / RANGE_SECTORS)
  }

  #judge(writes: RangeWrites, lba: number, sectors: number, seen: Observations): void {
    this.#seen = seen
    this.#floors.compute(writes, lba, sectors, (k) => isAtomic(this.contract, writes.lba(k), writes.sectors(k)))
    this.#judgeSectors(lba, sectors)
    this.#judgeWrites(writes, lba, sectors)
    this.#next = lba + sectors
  }

  /** The verdict over all ranges given. Ranges that are missing make it inconclusive at best. */
  finish(): Verdict {
    const unread = this.#region.lba + this.#region.sectors - this.#next
    this.#carried.clear()
    return this.#tally.verdict({ unreadSectors: unread, sectorsBeyondLog: this.#observer.sectorsBeyondLog })
  }

  /** Whether `write` is before the floor: the device must not show it. */
  #isOverwritten(write: number, floor: number): boolean {
    return floor !== 0 && this.history.isBefore(write, floor)
  }

  get #floor(): Uint32Array {
    return this.contract.name === 'write-through' ? this.#floors.complete : this.#floors.flushed
  }

  /** What each sector says by itself: coverage, what should not be there at all, and which contracts it refutes. */
  #judgeSectors(lba: number, sectors: number): void {
    const known = this.#observer.baselineKnown(lba, sectors)
    const { seen, write } = this.#seen
    for (let i = this.#holdFloor(0, sectors); i < sectors; i = this.#holdFloor(i + 1, sectors)) {
      const code = at(seen, i)
      const isVersion = code === SEEN.version
      if (isVersion) this.#version(at(write, i))
      const floor = at(this.#floor, i)
      this.#tally.sectors(1, floor === 0 ? 0 : 1, floor !== 0 && this.#saysNothing(i, code, floor) ? 1 : 0)
      this.#refute(i, known)
      if (!isVersion) this.#judgeOdd(lba, i, known)
    }
    if (known) this.#countUntouched(sectors)
  }

  /**
   * Counts the sectors from `from` on that hold their floor, by whatever contract: a version, or the baseline where nothing
   * came after it. Returns the first that does not. This is the loop for nearly all sectors of an honest device, so it keeps
   * to local variables: 3 ns a sector instead of 15.
   */
  #holdFloor(from: number, sectors: number): number {
    const { seen, write } = this.#seen
    const { flushed, complete } = this.#floors
    let stable = 0
    let newest = 0
    let i = from
    for (; i < sectors; i++) {
      const found = at(write, i)
      if (seen[i] !== SEEN.version && seen[i] !== SEEN.baseline) break
      if (found !== flushed[i] || found !== complete[i]) break
      if (found > newest) newest = found
      if (found !== 0) stable++
    }
    if (i === from) return i
    this.evidence.sectorsOfThisRun += stable
    this.#tally.sawVersion(newest)
    this.#tally.sectors(i - from, stable, this.#undefinedFloors(from, i))
    return i
  }

  /** Of those, the versions where the contract lets anything stand. */
  #undefinedFloors(from: number, to: number): number {
    if (this.contract.name !== 'virtio-strict') return 0
    let count = 0
    for (let i = from; i < to; i++) if (at(this.#floors.flushed, i) !== 0 && this.#isUndefined(i)) count++
    return count
  }

  #version(found: number): void {
    this.evidence.sectorsOfThisRun++
    if (found <= this.history.possibleMax) this.#tally.sawVersion(found)
  }

  /** Whether the contract lets the sector hold anything: virtio-strict does where a write covers it that is not stable, nor all or nothing. */
  #isUndefined(i: number): boolean {
    return this.contract.name === 'virtio-strict' && at(this.#floors.undefinable, i) !== 0
  }

  /** Whether a sector with a floor could not have convicted: a later write stands there, or anything may (virtio-strict). */
  #saysNothing(i: number, code: number, floor: number): boolean {
    if (this.#isUndefined(i)) return true
    const found = at(this.#seen.write, i)
    if (code !== SEEN.version || found === floor || this.#isOverwritten(found, floor)) return false
    return !this.#tally.isStable(found, this.history.plan.write(found).fua)
  }

  #countUntouched(sectors: number): void {
    for (let i = 0; i < sectors; i++) {
      // A sector that cannot be read, is zeroed, or is of an older run on this device is no sign of another device.
      const code = at(this.#seen.seen, i)
      if (this.#floors.touched[i] !== 0 || code === SEEN.unreadable || code === SEEN.zeros || code === SEEN.olderRun)
        continue
      this.evidence.untouchedSectors++
      if (code !== SEEN.baseline) this.evidence.untouchedChanged++
    }
  }

  /** A sector that holds neither a version nor a state that a write's loss explains is a finding of its own. */
  #judgeOdd(lba: number, i: number, known: boolean): void {
    const code = at(this.#seen.seen, i)
    if (code === SEEN.baseline || code === SEEN.mix) return
    const content = this.#seen.contentOf(i)
    this.#noteStranger(content)
    const floor = at(this.#floor, i)
    const isOlderState = code === SEEN.zeros || code === SEEN.olderRun
    if (isOlderState && floor !== 0) return
    if (!known && floor === 0 && code !== SEEN.unreadable && code !== SEEN.phantom) return
    this.#tally.oddSector(lba + i, content, {
      touched: this.#floors.touched[i] !== 0,
      isUndefined: this.#isUndefined(i),
      floor,
    })
  }

  #noteStranger(content: Content): void {
    const { manifest } = this.history
    if (content.kind === 'elsewhere' && content.device !== manifest.device) this.evidence.sectorsOfOtherDevice++
    if (content.kind !== 'older-run' || !beganAfter(keyOf(content.run), keyOf(manifest.run))) return
    this.evidence.sectorsOfLaterRun++
    this.evidence.laterRun = content.run
  }

  #refute(i: number, known: boolean): void {
    const code = at(this.#seen.seen, i)
    const write = at(this.#seen.write, i)
    const unsettled = this.#floors.unsettled[i] !== 0
    for (const name of ['write-through', 'volatile'] as const) {
      const floor = (name === 'volatile' ? this.#floors.flushed : this.#floors.complete)[i] ?? 0
      if (isAllowed(code, floor, this.#isOverwritten(write, floor), known)) continue
      this.#tally.refuted.add(name)
      const undefinedThere = unsettled && code !== SEEN.unreadable && code !== SEEN.phantom
      if (name === 'volatile' && !undefinedThere) this.#tally.refuted.add('virtio-strict')
    }
  }

  #judgeWrites(writes: RangeWrites, lba: number, sectors: number): void {
    const carried = new Map<number, WriteView>()
    for (let k = 0; k < writes.count; k++) {
      const write = writes.id(k)
      const start = writes.lba(k)
      const end = start + writes.sectors(k)
      const whole = start >= lba && end <= lba + sectors
      if (whole && this.#isOverwrittenThroughout(write, start - lba, end - lba)) {
        this.#tally.settleOverwritten(write, writes.fua(k))
        continue
      }
      if (whole && this.#isFloorThroughout(write, start - lba, end - lba)) {
        this.#tally.settleIntact(write)
        continue
      }
      const view = whole ? this.#scratch : (this.#carried.get(write) ?? new WriteView(writes.sectors(k), true))
      this.#look(write, view.of(writes, k), writes.from(k), writes.to(k), lba)
      if (end > lba + sectors) carried.set(write, view)
      else this.#tally.settle(write, view, (index) => view.notes.get(index) ?? this.#noteAt(start + index - lba))
    }
    this.#carried = carried
  }

  /** The fate of most writes of a long run: in each of its sectors a stable one came after it. Then no contract asks for it. */
  #isOverwrittenThroughout(write: number, from: number, to: number): boolean {
    const completed = this.history.completePosition(write)
    const { flushedIssue } = this.#floors
    for (let i = from; i < to; i++) if (completed >= at(flushedIssue, i)) return false
    return true
  }

  /** The fate of most other writes: it is there in each of its sectors, stable and the newest that is, by whatever contract. */
  #isFloorThroughout(write: number, from: number, to: number): boolean {
    const { seen, write: found } = this.#seen
    const { flushed, complete } = this.#floors
    for (let i = from; i < to; i++) {
      if (seen[i] !== SEEN.version || found[i] !== write || flushed[i] !== write || complete[i] !== write) return false
    }
    return true
  }

  /** What each sector of the range says about one write. */
  #look(write: number, view: WriteView, from: number, to: number, lba: number): void {
    for (let address = from; address < to; address++) {
      const i = address - lba
      const state = this.#stateOf(write, i, at(this.#floor, i))
      const index = address - view.lba
      view.state[index] = state
      view.undefinedThere[index] = this.#isUndefined(i) ? 1 : 0
      if (view.isCarried) view.notes.set(index, this.#noteAt(i))
      this.#noteUnordered(write, i, state)
    }
  }

  #noteAt(i: number): SectorNote {
    return { found: this.#seen.contentOf(i), floor: at(this.#floor, i) }
  }

  /** For `ordered`, missing is judged against the flushed floor whatever the contract of the verdict is. */
  #noteUnordered(write: number, i: number, state: number): void {
    const flushedFloor = at(this.#floors.flushed, i)
    const judged = this.contract.name === 'write-through' ? this.#stateOf(write, i, flushedFloor) : state
    if (judged === STATE.missing) this.#tally.missingWasComplete(this.history.completePosition(write))
  }

  #stateOf(write: number, i: number, floor: number): number {
    if (this.#isOverwritten(write, floor)) return STATE.overwritten
    const found = at(this.#seen.write, i)
    const code = this.#seen.seen[i]
    switch (code) {
      case SEEN.version:
        if (found === write) return STATE.present
        return this.history.isBefore(found, write) ? STATE.missing : STATE.superseded
      case SEEN.baseline:
        return STATE.missing
      case SEEN.zeros:
      case SEEN.olderRun:
        return floor === 0 ? STATE.unknown : STATE.missing
      case SEEN.mix:
        return this.#stateInMix(write, found, floor)
      case undefined:
      default:
        return STATE.unknown
    }
  }

  /** A mix says that its newer version was torn; where even that is before the floor, the floor is missing. */
  #stateInMix(write: number, newer: number, floor: number): number {
    if (newer === write) return STATE.partial
    return write === floor && this.#isOverwritten(newer, floor) ? STATE.missing : STATE.unknown
  }
}

const at = (column: Uint8Array | Uint32Array, i: number): number => column[i] ?? 0

/** Whether a sector's content is in its allowed set, for a floor of either kind. */
function isAllowed(code: number, floor: number, isOverwritten: boolean, known: boolean): boolean {
  switch (code) {
    case SEEN.version:
      return !isOverwritten
    case SEEN.baseline:
      return floor === 0
    default:
      return !known && floor === 0 && code !== SEEN.mix && code !== SEEN.unreadable && code !== SEEN.phantom
  }
}
