/** Decides when a fault strikes: its rate, its place, and how often it may. */
import type { Prng } from '../../core/prng.ts'
import { EVERY_DEFAULT, type FaultKind, type FaultSpec, overlaps, type Place } from './fault.ts'

export class Strikes {
  readonly #random: Prng
  readonly #timesLeft = new Map<FaultSpec, number>()

  constructor(faults: readonly FaultSpec[], random: Prng) {
    this.#random = random
    for (const fault of faults) this.#timesLeft.set(fault, fault.times ?? timesOf(fault))
  }

  /** Whether a fault of that kind strikes write or flush `number`, which touches `place`; asking takes one of its times. */
  strikes(kind: FaultKind, number: number, place?: Place): boolean {
    for (const [fault, left] of this.#timesLeft) {
      if (fault.kind !== kind || left <= 0 || !isMeant(fault, number, place)) continue
      if (!this.#random.chance(fault.rate ?? 1)) continue
      this.#timesLeft.set(fault, left - 1)
      return true
    }
    return false
  }

  /** Whether a fault of that kind may be tied to this: to the write of that number, where the kind names writes, and to its sectors. */
  allows(kind: FaultKind, place: Place, write?: number): boolean {
    return [...this.#timesLeft.keys()].some(
      ({ kind: asked, at, where }) =>
        asked === kind &&
        (where === undefined || overlaps(where, place)) &&
        (write === undefined || at === undefined || at === write),
    )
  }
}

const timesOf = ({ kind }: FaultSpec): number => (kind === 'drop-every-kth-flush' ? Number.POSITIVE_INFINITY : 1)

function isMeant(fault: FaultSpec, number: number, place: Place | undefined): boolean {
  if (fault.where !== undefined && (place === undefined || !overlaps(fault.where, place))) return false
  if (fault.kind !== 'drop-every-kth-flush') return fault.at === undefined || fault.at === number
  const { every = EVERY_DEFAULT } = fault
  const first = fault.at ?? every
  return number >= first && (number - first) % every === 0
}
