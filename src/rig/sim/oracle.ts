/**
 * What a judge has to find after a simulated run, worked out the slow and plain way from what is really on the medium and
 * the events that the log still holds: docs/MODEL.md word by word, sector by sector, every pair of writes compared.
 *
 * It shares nothing with core/judge but the plan: it never looks at bytes, and its floors are sets as the model has them.
 * Says whether an injected fault can be seen at all: one that a later write covered up, or that the lost tail of the log
 * leaves unprovable, cannot.
 */
import type { Contract } from '../../core/contract.ts'
import type { PlannedWrite } from '../../core/plan.ts'
import type { DiskRequest, Holding } from './request.ts'
import { possibleMaxOf, type Simulation } from './simulation.ts'

/** Findings by kind and place: `lost w17`, `corrupt @48`. */
export interface Expectation {
  readonly violations: ReadonlySet<string>
  /** Of writes lost and torn only. */
  readonly hazards: ReadonlySet<string>
}

type Seen =
  | { readonly kind: 'version' | 'mix'; readonly write: number }
  | { readonly kind: 'elsewhere'; readonly write: number; readonly index: number }
  | { readonly kind: 'baseline' | 'zeros' | 'older-run' | 'garbage' | 'phantom' | 'unreadable' }

type SectorSays = 'present' | 'missing' | 'partial' | 'nothing'

interface Write extends PlannedWrite {
  readonly id: number
  issued: number
  completed: number
  stable: boolean
}

const NEVER = Number.POSITIVE_INFINITY
/** A version newer than every write that the log knows. */
const UNKNOWN_WRITE = NEVER

/** a → b. */
const isBefore = (a: Write, b: Write): boolean => a.completed < b.issued

/** What is to be found under `contract`: by default what the disk promised. */
export function expectationOf(simulation: Simulation, contract: Contract = simulation.contract): Expectation {
  return new Oracle(simulation, contract).expect()
}

class Oracle {
  readonly #simulation: Simulation
  readonly #contract: Contract
  readonly #writes: readonly Write[]
  readonly #covering = new Map<number, Write[]>()
  readonly #stable = new Map<number, readonly Write[]>()
  readonly #said = new Map<Write, readonly SectorSays[]>()
  readonly #known: boolean
  readonly #violations = new Set<string>()
  readonly #hazards = new Set<string>()
  /** Found at another address: `write index`. */
  readonly #elsewhere = new Set<string>()

  constructor(simulation: Simulation, contract: Contract) {
    this.#simulation = simulation
    this.#contract = contract
    this.#writes = writesOf(simulation, contract)
    this.#known = this.#writes.length > 0 || simulation.events.some(({ kind }) => kind === 'end')
    for (const write of this.#writes) {
      for (let lba: number = write.lba; lba < write.lba + write.sectors; lba++) {
        const covering = this.#covering.get(lba)
        if (covering === undefined) this.#covering.set(lba, [write])
        else covering.push(write)
      }
    }
    for (const [lba, covering] of this.#covering) {
      this.#stable.set(
        lba,
        covering.filter(({ stable }) => stable),
      )
    }
  }

  expect(): Expectation {
    const { lba, sectors } = this.#simulation.options.plan.region
    for (let address = lba; address < lba + sectors; address++) this.#sector(address)
    const newest = this.#newestPresent()
    for (const write of this.#writes) this.#write(write, newest)
    return { violations: this.#violations, hazards: this.#hazards }
  }

  #at(lba: number): readonly Write[] {
    return this.#covering.get(lba) ?? []
  }

  #stableAt(lba: number): readonly Write[] {
    return this.#stable.get(lba) ?? []
  }

  #isOverwritten(write: Write, lba: number): boolean {
    return this.#stableAt(lba).some((other) => isBefore(write, other))
  }

  /** Under virtio-strict: a write that is not stable and not before the floor covers the sector. */
  #mayHoldAnything(lba: number): boolean {
    if (this.#contract.name !== 'virtio-strict') return false
    return this.#at(lba).some((write) => !write.stable && !this.#isOverwritten(write, lba))
  }

  /** What the sector is named for by itself. */
  #sector(lba: number): void {
    const seen = this.#seen(lba)
    if (seen.kind === 'elsewhere' && !this.#mayHoldAnything(lba)) this.#elsewhere.add(`${seen.write} ${seen.index}`)
    const kind = this.#oddKind(seen, lba)
    const isSureAnyway = kind === 'unreadable' || kind === 'phantom'
    if (kind === undefined || (!this.#known && !isSureAnyway)) return
    const excusable = kind === 'corrupt' || kind === 'misdirected'
    if (!(excusable && this.#mayHoldAnything(lba))) this.#violations.add(`${kind} @${lba}`)
  }

  #oddKind(seen: Seen, lba: number): string | undefined {
    const touched = this.#at(lba).length > 0
    switch (seen.kind) {
      case 'unreadable':
      case 'phantom':
        return seen.kind
      case 'elsewhere':
        return 'misdirected'
      case 'garbage':
        return touched ? 'corrupt' : 'collateral'
      case 'zeros':
      case 'older-run':
        // Where something must be there, that is what is missing.
        return this.#stableAt(lba).length > 0 ? undefined : this.#oddKind({ kind: 'garbage' }, lba)
      case 'version':
      case 'mix':
      case 'baseline':
        return undefined
    }
  }

  #newestPresent(): Write | undefined {
    return this.#writes.findLast((write) => this.#saysOf(write).includes('present'))
  }

  #write(write: Write, newest: Write | undefined): void {
    const says = this.#saysOf(write)
    const fate = fateOf(says)
    if (fate === undefined || (fate === 'lost' && write.completed === NEVER)) return
    const broken = this.#isBroken(write, fate, says)
    if (!broken) this.#hazards.add(`${fate} w${write.id}`)
    if (this.#standsElsewhere(write, says)) return
    if (broken) this.#violations.add(`${fate} w${write.id}`)
    else if (this.#contract.name === 'ordered' && newest !== undefined && isBefore(write, newest)) {
      this.#violations.add(`reordered w${write.id}`)
    }
  }

  #isBroken(write: Write, fate: 'lost' | 'torn', says: readonly SectorSays[]): boolean {
    if (fate === 'torn' && this.#isAtomic(write)) return true
    const bad = eachSector(write).filter((_, i) => says[i] === 'missing' || says[i] === 'partial')
    if (bad.every((lba) => this.#mayHoldAnything(lba))) return false
    return write.stable || says.includes('partial')
  }

  #standsElsewhere(write: Write, says: readonly SectorSays[]): boolean {
    const missing = says.flatMap((what, index) => (what === 'missing' ? [index] : []))
    const found = (index: number): boolean => this.#elsewhere.has(`${write.id} ${index}`)
    return missing.length > 0 && missing.every(found)
  }

  #isAtomic({ lba, sectors }: Write): boolean {
    const unit = (this.#contract.atomicBytes ?? 0) / 512
    return unit > 0 && Math.floor(lba / unit) === Math.floor((lba + sectors - 1) / unit)
  }

  #saysOf(write: Write): readonly SectorSays[] {
    const said = this.#said.get(write) ?? eachSector(write).map((lba) => this.#says(write, lba))
    this.#said.set(write, said)
    return said
  }

  #says(write: Write, lba: number): SectorSays {
    if (this.#isOverwritten(write, lba)) return 'nothing'
    const seen = this.#seen(lba)
    switch (seen.kind) {
      case 'version':
        return this.#saysVersion(write, seen.write)
      case 'mix':
        return this.#saysMix(write, lba, seen.write)
      case 'baseline':
        return 'missing'
      case 'zeros':
      case 'older-run':
        return this.#stableAt(lba).length > 0 ? 'missing' : 'nothing'
      case 'elsewhere':
      case 'garbage':
      case 'phantom':
      case 'unreadable':
        return 'nothing'
    }
  }

  #saysVersion(write: Write, found: number): SectorSays {
    if (found === write.id) return 'present'
    const version = this.#writes[found - 1]
    return version !== undefined && isBefore(version, write) ? 'missing' : 'nothing'
  }

  /** A mix is named for its newer write; where that is one that must not be seen any more, the floor is what is missing. */
  #saysMix(write: Write, lba: number, newer: number): SectorSays {
    if (newer === write.id) return 'partial'
    const mixed = this.#writes[newer - 1]
    const floor = this.#stableAt(lba).at(-1)
    return write === floor && (mixed === undefined || this.#isOverwritten(mixed, lba)) ? 'missing' : 'nothing'
  }

  #seen(lba: number): Seen {
    const { disk } = this.#simulation
    return disk.unreadable.has(lba) ? { kind: 'unreadable' } : seenOf(disk.holdingOf(lba), lba, this.#simulation)
  }
}

/** What a write's sectors say together. */
function fateOf(says: readonly SectorSays[]): 'lost' | 'torn' | undefined {
  if (says.includes('partial')) return 'torn'
  if (!says.includes('missing')) return undefined
  return says.includes('present') ? 'torn' : 'lost'
}

function seenOf(holding: Holding, lba: number, simulation: Simulation): Seen {
  const { options } = simulation
  switch (holding.kind) {
    case 'initial':
      return { kind: options.baseline === 'scan' ? 'baseline' : BEFORE_FORMAT[options.before] }
    case 'request':
      return seenOfRequest(holding.request, lba)
    case 'mix':
      return { kind: 'mix', write: Math.max(writeOf(holding.head), writeOf(holding.tail)) }
    case 'made':
      if (holding.what === 'older-run') return { kind: 'older-run' }
      // A log without its end may have lost a window with it: nothing can be said to lie beyond its last.
      if (holding.what === 'beyond-window' && !isComplete(simulation)) return { kind: 'version', write: UNKNOWN_WRITE }
      return { kind: 'phantom' }
    case 'garbage':
    case 'zeros':
      return { kind: holding.kind }
  }
}

/** After its end an agent that holds for the cut still says that it lives. */
const isComplete = ({ events, logIsWhole }: Simulation): boolean =>
  logIsWhole && events.some(({ kind }) => kind === 'end')

const BEFORE_FORMAT = { zeros: 'zeros', noise: 'garbage', 'older-run': 'older-run' } as const

function seenOfRequest({ at, home, tag }: DiskRequest, lba: number): Seen {
  if (at !== home) return { kind: 'elsewhere', write: tag, index: lba - at }
  return tag === 0 ? { kind: 'baseline' } : { kind: 'version', write: tag }
}

const writeOf = (holding: Holding): number => (holding.kind === 'request' ? holding.request.tag : 0)

const eachSector = ({ lba, sectors }: Write): number[] => Array.from({ length: sectors }, (_, i) => lba + i)

/** Every write that may be on the disk, with its places in the order of the events. */
function writesOf({ events, plan }: Simulation, contract: Contract): readonly Write[] {
  const writes = Array.from({ length: possibleMaxOf(events, plan) }, (_, i): Write => {
    const { lba, sectors, fua } = plan.write(i + 1)
    return { lba, sectors, fua, id: i + 1, issued: NEVER, completed: NEVER, stable: false }
  })
  const flushes = new Map<number, readonly Write[]>()
  let unflushed: Write[] = []
  for (const [place, { kind, id }] of events.entries()) {
    const write = writes[id - 1]
    if (kind === 'issue' && write !== undefined) write.issued = place
    if (kind === 'complete' && write !== undefined) {
      write.completed = place
      write.stable = write.fua || contract.name === 'write-through'
      unflushed.push(write)
    }
    if (kind === 'flush-issue') flushes.set(id, [...unflushed])
    if (kind === 'flush-complete') {
      for (const covered of flushes.get(id) ?? []) covered.stable = true
      unflushed = unflushed.filter(({ stable }) => !stable)
    }
  }
  return writes
}
