/** Counts every finding, remembers where it was, and keeps a bounded number of them, so that no kind crowds out another. */
import { FINDING_KINDS, type Finding, type FindingKind, type Severity } from './finding.ts'
import { foundCodeOf } from './map/block-state.ts'
import { type FoundAt, FoundPlaces } from './map/found-at.ts'
import type { HazardCounts, ViolationCounts } from './verdict.ts'

type Counts = { -readonly [Kind in keyof ViolationCounts]: number }

const noCounts = (): Counts => ({
  lost: 0,
  torn: 0,
  reordered: 0,
  misdirected: 0,
  collateral: 0,
  corrupt: 0,
  phantom: 0,
  unreadable: 0,
})

export class FindingList {
  readonly counts = { violation: noCounts(), hazard: noCounts() }
  readonly #kept: Record<Severity, Map<FindingKind, Finding[]>> = { violation: new Map(), hazard: new Map() }
  readonly #headlines: Finding[] = []
  readonly #places = new FoundPlaces()
  readonly #max: number
  readonly #maxAKind: number
  /** Findings that were offered to be listed; several sectors can make one. */
  #offered = 0

  constructor(max: number) {
    this.#max = max
    this.#maxAKind = Math.ceil(max / 4)
  }

  /** Counts `by` of a kind; true where there is room to list one more of it. */
  count(severity: Severity, kind: FindingKind, by = 1): boolean {
    this.counts[severity][kind] += by
    const room = this.#maxAKind > 0 && this.#listOf(severity, kind).length < this.#maxAKind
    if (!room) this.#offered++
    return room
  }

  /** Sectors that a finding is about, listed or not. */
  mark(finding: Pick<Finding, 'kind' | 'severity' | 'lba' | 'sectors'>): void {
    this.#places.add(finding.lba, finding.sectors, foundCodeOf(finding))
  }

  /** All that was marked; nothing where there is nothing. */
  foundAt(): FoundAt | undefined {
    return this.#places.foundAt()
  }

  /** Lists a finding that was counted. */
  list(finding: Finding): void {
    this.#offered++
    this.#listOf(finding.severity, finding.kind).push(finding)
  }

  /** Lists a finding that sums others up: it stands first and is not counted. */
  headline(finding: Finding): void {
    this.#headlines.push(finding)
  }

  /** Takes a violation of one write back: another finding says all of it. */
  withdraw(kind: FindingKind, write: number): void {
    this.counts.violation[kind]--
    this.#offered--
    const list = this.#listOf('violation', kind)
    const at = list.findIndex((finding) => finding.write === write)
    if (at >= 0) list.splice(at, 1)
  }

  /** All that was counted of a severity. */
  total(severity: Severity): number {
    const counts = this.counts[severity]
    let sum = 0
    for (const kind of FINDING_KINDS) sum += counts[kind]
    return sum
  }

  hazardCounts(): HazardCounts {
    const { lost, torn, reordered, corrupt } = this.counts.hazard
    return { lost, torn, reordered, corrupt }
  }

  /** Headlines, then violations, then hazards; within each in the order of the kinds, tears before losses. */
  all(): readonly Finding[] {
    if (this.#max === 0 || (this.#offered === 0 && this.#headlines.length === 0)) return []
    const severities: readonly Severity[] = ['violation', 'hazard']
    const listed = severities.flatMap((severity) => FINDING_KINDS.flatMap((kind) => this.#listOf(severity, kind)))
    return [...this.#headlines, ...listed].slice(0, this.#max)
  }

  /** Findings that were counted and are not among the `listed` that are told. */
  omitted(listed: readonly Finding[]): number {
    return Math.max(0, this.#offered + this.#headlines.length - listed.length)
  }

  #listOf(severity: Severity, kind: FindingKind): Finding[] {
    const lists = this.#kept[severity]
    const known = lists.get(kind)
    if (known !== undefined) return known
    const made: Finding[] = []
    lists.set(kind, made)
    return made
  }
}
