/**
 * Sectors that hold what no loss of a write explains: misdirected, collateral, corrupt, phantom, unreadable.
 * Counted by sector, listed by neighbourhood.
 */
import { explainOdd } from './explain.ts'
import type { Content, Finding, FindingKind, Severity } from './finding.ts'
import type { FindingList } from './finding-list.ts'
import type { History } from './history.ts'

/** What the history says about the sector. */
export interface OddPlace {
  /** A possibly-issued write covers it. */
  readonly touched: boolean
  /** The contract lets it hold anything (virtio-strict). */
  readonly isUndefined: boolean
  /** The newest write that must be there; 0: the baseline. */
  readonly floor: number
}

interface OpenRun {
  readonly kind: FindingKind
  readonly severity: Severity
  readonly lba: number
  readonly content: Content
  readonly floor: number
  sectors: number
}

const ELSEWHERE_WRITES_MAX = 65_536

export class OddSectors {
  /** Sectors of this run found at other addresses: write → indexes in the write. */
  readonly elsewhere = new Map<number, Set<number>>()
  readonly #history: History
  readonly #findings: FindingList
  #open: OpenRun | undefined

  constructor(history: History, findings: FindingList) {
    this.#history = history
    this.#findings = findings
  }

  add(address: number, content: Content, place: OddPlace): void {
    const kind = kindOf(content, place)
    const excused = place.isUndefined && (kind === 'misdirected' || kind === 'corrupt')
    const run = {
      kind: excused ? 'corrupt' : kind,
      severity: excused ? 'hazard' : 'violation',
      lba: address,
      content,
      floor: place.floor,
    } as const
    // A copy that may stand there by chance accounts for nothing.
    if (content.kind === 'elsewhere' && !excused) this.#remember(content)
    if (this.#open !== undefined && continues(this.#open, run)) this.#open.sectors++
    else {
      this.finish()
      this.#open = { ...run, sectors: 1 }
    }
  }

  /** Closes the neighbourhood at hand. */
  finish(): void {
    const run = this.#open
    this.#open = undefined
    if (run === undefined) return
    this.#findings.mark(run)
    if (!this.#findings.count(run.severity, run.kind, run.sectors)) return
    const finding: Omit<Finding, 'explanation'> = {
      kind: run.kind,
      severity: run.severity,
      ...writeOf(run),
      lba: run.lba,
      sectors: run.sectors,
      missingSectors: [],
      boundaries: [],
      boundaryAlignments: [],
      runs: [
        {
          index: 0,
          sectors: run.sectors,
          state: 'unknown',
          found: run.content,
          ...(run.floor === 0 ? {} : { floor: run.floor }),
        },
      ],
    }
    this.#findings.list({ ...finding, explanation: explainOdd(finding, run.content) })
  }

  #remember(content: Content & { kind: 'elsewhere' }): void {
    const { manifest, plan, possibleMax } = this.#history
    if (content.run !== manifest.run || content.device !== manifest.device) return
    if (content.write < 1 || content.write > possibleMax) return
    const indexes = this.elsewhere.get(content.write) ?? new Set<number>()
    if (this.elsewhere.size >= ELSEWHERE_WRITES_MAX && indexes.size === 0) return
    indexes.add(content.lba - plan.write(content.write).lba)
    this.elsewhere.set(content.write, indexes)
  }
}

function kindOf(content: Content, place: OddPlace): FindingKind {
  switch (content.kind) {
    case 'elsewhere':
      return 'misdirected'
    case 'phantom':
      return 'phantom'
    case 'unreadable':
      return 'unreadable'
    case 'version':
    case 'baseline':
    case 'zeros':
    case 'older-run':
    case 'mix':
    case 'garbage':
      return place.touched ? 'corrupt' : 'collateral'
  }
}

function writeOf(run: OpenRun): { readonly write?: number } {
  const { content } = run
  if (content.kind === 'elsewhere' || content.kind === 'phantom') return { write: content.write }
  return run.kind === 'corrupt' && run.floor > 0 ? { write: run.floor } : {}
}

/** Whether the next odd sector belongs to the same neighbourhood. */
function continues(open: OpenRun, next: Omit<OpenRun, 'sectors'>): boolean {
  if (next.lba !== open.lba + open.sectors || next.kind !== open.kind || next.severity !== open.severity) return false
  const a = open.content
  const b = next.content
  if (a.kind === 'elsewhere')
    return b.kind === 'elsewhere' && a.write === b.write && a.run === b.run && b.lba - next.lba === a.lba - open.lba
  if (a.kind === 'phantom') return b.kind === 'phantom' && a.write === b.write
  return a.kind === b.kind && (a.kind !== 'garbage' || open.floor === next.floor)
}
