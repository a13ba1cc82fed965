/**
 * Turns what the sectors of each write say into findings, counts and the verdict (docs/MODEL.md, "Findings", "Verdict").
 * Memory: one byte a write, and a bounded number of findings; the counts are never bounded.
 */
import assert from 'node:assert/strict'
import { CONTRACT_NAMES, type Contract, type ContractName, formatContract, isAtomic } from './contract.ts'
import { explainReordered, explainWrite } from './explain.ts'
import type { Content, Finding } from './finding.ts'
import { FindingList } from './finding-list.ts'
import { flushLies } from './flush-lies.ts'
import { type History, NEVER, msOf } from './history.ts'
import { Measurer, type Measures, isTorn } from './measures.ts'
import { type OddPlace, OddSectors } from './odd-sectors.ts'
import { type NoteAt, alignmentOf, boundariesOf, lackingOf, missingOf, runsOf } from './sector-runs.ts'
import { type StateCounts, type WriteView, countStates } from './sector-state.ts'
import { SECTOR_BYTES } from './units.ts'
import { NOTHING_LEFT, NOTHING_STABLE, VERDICT_SCHEMA, type Verdict } from './verdict.ts'
import { STATUS } from './write-status.ts'

/** Violations whose missing sectors are remembered, to be matched with sectors found elsewhere. */
const REMEMBERED_MAX = 16_384

/** What the tally cannot see by itself. */
export interface Gaps {
  readonly unreadSectors: number
  readonly sectorsBeyondLog: number
}

export class Tally {
  /** Contracts that the evidence is not consistent with. */
  readonly refuted = new Set<ContractName>()
  readonly #history: History
  readonly #contract: Contract
  readonly #findings: FindingList
  readonly #odd: OddSectors
  readonly #measures: Measurer
  readonly #status: Uint8Array
  /** Of writes that are lost or torn in violation, or would be called reordered: what they lack, and what counts and marks their loss. */
  readonly #missingOf = new Map<
    number,
    { readonly missing: readonly number[]; readonly count: () => void; mark?: () => void }
  >()
  readonly #checked = { sectors: 0, stableSectors: 0, supersededSectors: 0, stableWrites: 0 }
  readonly #exposure = { lostWrites: 0, lostBytes: 0, oldestLostMs: 0 }
  #newestSeen = 0
  /** Place of the earliest completion among the writes that are missing somewhere. */
  #firstMissing = NEVER
  #atomicTorn = false

  constructor(history: History, contract: Contract, findingsMax: number) {
    this.#history = history
    this.#contract = contract
    this.#findings = new FindingList(findingsMax)
    this.#odd = new OddSectors(history, this.#findings)
    this.#measures = new Measurer(history)
    this.#status = new Uint8Array(history.possibleMax + 1)
  }

  /** So many sectors were looked at, of which some have a floor, and of these some could not have convicted. */
  sectors(count: number, stable: number, superseded: number): void {
    this.#checked.sectors += count
    this.#checked.stableSectors += stable
    this.#checked.supersededSectors += superseded
  }

  /** A sector holds something that no loss of a write explains. */
  oddSector(address: number, content: Content, place: OddPlace): void {
    this.#odd.add(address, content, place)
  }

  /** Some sector shows that write. */
  sawVersion(write: number): void {
    if (write > this.#newestSeen) this.#newestSeen = write
  }

  /** Some sector lacks a write that completed at that place in the order. */
  missingWasComplete(position: number): void {
    if (position < this.#firstMissing) this.#firstMissing = position
  }

  /** Whether the contract of the verdict makes that write stable. */
  isStable(write: number, fua: boolean): boolean {
    if (this.#contract.name === 'write-through') return this.#history.completePosition(write) !== NEVER
    return this.#history.isFlushedOrFua(write, fua)
  }

  /** Every sector of a write was looked at: what became of it? */
  settle(write: number, view: WriteView, noteAt: NoteAt): void {
    const counts = countStates(view)
    const stable = this.isStable(write, view.fua)
    if (stable) this.#checked.stableWrites++
    this.#measures.settled(write, view, counts, stable)
    if (isTorn(counts)) this.#torn(write, view, noteAt, counts, stable)
    else if (counts.missing > 0) this.#lost(write, view, noteAt, counts, stable)
    else this.#status[write] = counts.present > 0 ? STATUS.intact : STATUS.unknown
  }

  /** Every sector of a write was overwritten by a stable one: nothing is asked of it any more. */
  settleOverwritten(write: number, fua: boolean): void {
    if (this.isStable(write, fua)) this.#checked.stableWrites++
  }

  /** A stable write that is whole, and the newest in each of its sectors. */
  settleIntact(write: number): void {
    this.#checked.stableWrites++
    this.#status[write] = STATUS.intact
  }

  #torn(write: number, view: WriteView, noteAt: NoteAt, counts: StateCounts, stable: boolean): void {
    const atomic = isAtomic(this.#contract, view.lba, view.sectors)
    const mixed = counts.provenPartial > 0
    const inParts = mixed || (counts.provenMissing > 0 && counts.provenPresent > 0)
    const isViolation = mixed || (stable && counts.provenMissing > 0) || (atomic && inParts)
    if (atomic && inParts) this.#atomicTorn = true
    const complete = this.#history.completePosition(write) !== NEVER
    if (isViolation) this.#status[write] = STATUS.tornStable
    else this.#status[write] = complete ? STATUS.torn : STATUS.tornInFlight
    const countTear = this.#measures.torn(view, noteAt)
    this.#countUnlessFolded(write, isViolation, view, () => {
      this.#expose(write, counts)
      countTear()
    })
    this.#mark('torn', isViolation, write, view)
    this.#add('torn', isViolation, write, view, noteAt, tornRule(atomic && isViolation, counts.partial > 0, stable))
  }

  #lost(write: number, view: WriteView, noteAt: NoteAt, counts: StateCounts, stable: boolean): void {
    if (this.#history.completePosition(write) === NEVER) return
    const isViolation = stable && counts.provenMissing > 0
    this.#status[write] = isViolation ? STATUS.lostStable : STATUS.lost
    this.#countUnlessFolded(write, isViolation, view, () => this.#expose(write, counts))
    this.#mark('lost', isViolation, write, view)
    this.#add('lost', isViolation, write, view, noteAt, undefined)
  }

  /** At once, or at the end where sectors found elsewhere may yet say that the write was misdirected. */
  #countUnlessFolded(write: number, isViolation: boolean, view: WriteView, count: () => void): void {
    const mayFold = isViolation || this.#contract.name === 'ordered'
    if (mayFold && this.#missingOf.size < REMEMBERED_MAX)
      this.#missingOf.set(write, { missing: missingOf(view), count })
    else count()
  }

  /** Where it was found: at once, or at the end where it may yet be withdrawn. */
  #mark(kind: 'lost' | 'torn', isViolation: boolean, write: number, view: WriteView): void {
    const severity = isViolation ? 'violation' : 'hazard'
    const { lba } = view
    const lacking = lackingOf(view)
    const mark = (): void => {
      for (const [index, sectors] of lacking) this.#findings.mark({ kind, severity, lba: lba + index, sectors })
    }
    const remembered = isViolation ? this.#missingOf.get(write) : undefined
    if (remembered === undefined) mark()
    else remembered.mark = mark
  }

  /** Completed data that is not there, whether the contract forbade its loss or not. */
  #expose(write: number, counts: StateCounts): void {
    const ageMs = this.#ageMs(write)
    if (ageMs === undefined) return
    this.#measures.lost(ageMs)
    this.#exposure.lostWrites++
    this.#exposure.lostBytes += (counts.missing + counts.partial) * SECTOR_BYTES
    this.#exposure.oldestLostMs = Math.max(this.#exposure.oldestLostMs, ageMs)
  }

  /** From the completion of a write to the agent's last sign of life. */
  #ageMs(write: number): number | undefined {
    const { completedMs } = this.#history.timesOf(write)
    return completedMs === undefined ? undefined : Math.max(0, msOf(this.#history.lastUs - completedMs * 1000))
  }

  #add(
    kind: 'lost' | 'torn',
    isViolation: boolean,
    write: number,
    view: WriteView,
    noteAt: NoteAt,
    rule: string | undefined,
  ): void {
    const severity = isViolation ? 'violation' : 'hazard'
    if (!this.#findings.count(severity, kind)) return
    const boundaries = kind === 'torn' ? boundariesOf(view, noteAt) : []
    const stableBy = this.#stableBy(write, view.fua)
    const ageMs = this.#ageMs(write)
    const finding = {
      kind,
      severity,
      write,
      lba: view.lba,
      sectors: view.sectors,
      missingSectors: missingOf(view),
      boundaries,
      boundaryAlignments: boundaries.map((bytes) => alignmentOf(view.lba * SECTOR_BYTES + bytes)),
      runs: runsOf(view, noteAt),
      ...this.#history.timesOf(write),
      ...(stableBy === undefined ? {} : { stableBy }),
      ...(ageMs === undefined ? {} : { ageMs }),
      ...(rule === undefined ? {} : { rule }),
    } as const
    this.#findings.list({ ...finding, explanation: explainWrite(finding) })
  }

  #stableBy(write: number, fua: boolean): Finding['stableBy'] {
    if (this.#history.completePosition(write) === NEVER) return undefined
    if (this.#contract.name === 'write-through') return { by: 'write-through' }
    if (fua) return { by: 'fua' }
    const flush = this.#history.flushThatMadeStable(write)
    return flush === 0 ? undefined : { by: 'flush', ...this.#history.flushTimes(flush) }
  }

  /** All was looked at: the verdict. */
  verdict(gaps: Gaps): Verdict {
    this.#odd.finish()
    this.#foldMisdirected()
    this.#reordered()
    this.#commitsWithoutData()
    const liedFlushes = flushLies(this.#history, this.#status, this.#findings)
    const unseen = this.#unseen(gaps)
    const reasons = [...this.#nothingToCheck(), ...unseen]
    const violated = this.#findings.total('violation') > 0
    const consistentWith = this.#consistentWith()
    assert(
      violated || consistentWith.includes(this.#contract.name),
      'what accuses nobody is consistent with its contract',
    )
    const findings = this.#findings.all()
    const findingsOmitted = this.#findings.omitted(findings)
    // Where all are listed they say it themselves.
    const foundAt = findingsOmitted > 0 ? this.#findings.foundAt() : undefined
    const measures = this.#measures
    return {
      schema: VERDICT_SCHEMA,
      run: this.#history.manifest.run,
      verdict: violated ? 'violation' : reasons.length > 0 ? 'inconclusive' : 'held',
      inconclusiveBecause: violated ? [] : reasons,
      readInFull: unseen.length === 0,
      contract: formatContract(this.#contract),
      consistentWith,
      checked: {
        ...this.#checked,
        completeWrites: this.#history.completed,
        issuedWrites: this.#history.issued,
        flushes: this.#history.flushesIssued,
      },
      violations: this.#findings.counts.violation,
      hazards: this.#findings.hazardCounts(),
      liedFlushes,
      exposure: this.#exposure,
      // Worked out where it is read: most of a verdict's cost on a small run.
      get measures(): Measures {
        return measures.result()
      },
      log: { tail: this.#history.logEnd.tail, ended: this.#history.ended, lastRecordMs: msOf(this.#history.lastUs) },
      findings,
      findingsOmitted,
      ...(foundAt === undefined ? {} : { foundAt }),
    }
  }

  #nothingToCheck(): readonly string[] {
    const { stableSectors, supersededSectors } = this.#checked
    if (stableSectors === 0) return [NOTHING_STABLE]
    return stableSectors === supersededSectors ? [NOTHING_LEFT] : []
  }

  /** What of the evidence was not there to be looked at. */
  #unseen(gaps: Gaps): readonly string[] {
    const reasons: string[] = []
    if (this.#history.logEnd.tail === 'corrupt') reasons.push(`the log has a gap: ${this.#history.logEnd.detail}`)
    if (gaps.sectorsBeyondLog > 0) {
      reasons.push(
        `${gaps.sectorsBeyondLog} sectors hold writes that the log does not announce: its tail is missing, or somebody still writes`,
      )
    }
    if (gaps.unreadSectors > 0) reasons.push(`${gaps.unreadSectors} sectors of the region were not read`)
    return reasons
  }

  #consistentWith(): readonly string[] {
    if (this.refuted.has('volatile') || this.#firstMissing < this.#history.issuePosition(this.#newestSeen))
      this.refuted.add('ordered')
    const names: string[] = CONTRACT_NAMES.filter((name) => !this.refuted.has(name))
    const { atomicBytes } = this.#contract
    if (atomicBytes !== undefined && !this.#atomicTorn) names.push(`atomic=${atomicBytes}`)
    return names
  }

  /** A write that stands whole at another address and not at its own has one fault, not two. */
  #foldMisdirected(): void {
    for (const [write, indexes] of this.#odd.elsewhere) {
      const missing = this.#missingOf.get(write)?.missing
      if (missing === undefined || missing.length === 0 || !missing.every((index) => indexes.has(index))) continue
      const status = this.#status[write]
      if (status === STATUS.lostStable || status === STATUS.tornStable)
        this.#findings.withdraw(status === STATUS.lostStable ? 'lost' : 'torn', write)
      this.#status[write] = STATUS.unknown
      this.#missingOf.delete(write)
    }
    for (const { count, mark } of this.#missingOf.values()) {
      count()
      mark?.()
    }
  }

  /** Complete writes that are missing though a write issued after their completion survived. */
  #reordered(): void {
    const survivor = this.#newestSeen
    const survivorIssued = this.#history.issuePosition(survivor)
    for (let write = 1; write <= this.#history.issued; write++) {
      const status = this.#status[write]
      if (status !== STATUS.lost && status !== STATUS.torn) continue
      if (survivor > 0 && this.#history.completePosition(write) < survivorIssued)
        this.#addReordered(write, survivor, undefined)
    }
  }

  #addReordered(write: number, survivor: number, rule: 'commit-without-data' | undefined): void {
    const severity = this.#contract.name === 'ordered' && rule === undefined ? 'violation' : 'hazard'
    const times = this.#history.timesOf(write)
    const later = this.#history.timesOf(survivor)
    const msAhead = Math.max(
      0,
      msOf(((later.issuedMs ?? msOf(this.#history.lastUs)) - (times.completedMs ?? 0)) * 1000),
    )
    this.#measures.reordered(survivor - write, msAhead)
    const planned = this.#history.plan.write(write)
    this.#findings.mark({ kind: 'reordered', severity, lba: planned.lba, sectors: planned.sectors })
    if (!this.#findings.count(severity, 'reordered')) return
    const finding = {
      kind: 'reordered',
      severity,
      write,
      lba: planned.lba,
      sectors: planned.sectors,
      missingSectors: [],
      boundaries: [],
      boundaryAlignments: [],
      runs: [],
      ...times,
      survivor: { write: survivor, writesAhead: survivor - write, msAhead },
      ...(rule === undefined ? {} : { rule }),
    } as const
    this.#findings.list({ ...finding, explanation: explainReordered(finding) })
  }

  /** wal: a commit record that is there though the data it vouches for is not. */
  #commitsWithoutData(): void {
    const { plan, issued } = this.#history
    if (plan.vouchesFor(2) === undefined) return
    for (let commit = 1; commit <= issued; commit++) {
      const data = plan.vouchesFor(commit)
      if (data === undefined || this.#status[commit] !== STATUS.intact) continue
      const status = this.#status[data] ?? STATUS.unknown
      if (status !== STATUS.unknown && status !== STATUS.intact) this.#addReordered(data, commit, 'commit-without-data')
    }
  }
}

function tornRule(atomic: boolean, mixed: boolean, stable: boolean): string | undefined {
  if (mixed) return 'mixed-sector'
  if (stable) return 'stable'
  return atomic ? 'atomic' : undefined
}
