/**
 * Lines of an export into a store, exactly once: each is stored, or there already, or in conflict with what is there, and
 * then the rest of its run is left out. Nothing that is there is ever changed. Applied twice, or by two at once, the same
 * lines leave what they leave applied once.
 *
 * A run counts as complete only once its log, read back from the store, has the digest that the export gives.
 */
import { isDeepStrictEqual } from 'node:util'
import { canonicalTime } from '../../core/time.ts'
import { logBytesOf } from './codec.ts'
import { logDigest } from './export-runs.ts'
import type { CutLine, LogPart, RunEnd, RunHead, RunPart, VerdictLine } from './line.ts'
import type { Append, AppendOutcome, Store } from '../store/store.ts'

/** Bytes of log that go into one commit. */
const BATCH_BYTES = 4 << 20
const GONE = 'the run was pruned while it was imported'

export const CONFLICTS = ['run', 'log', 'cut', 'verdict'] as const

export interface Conflict {
  readonly run: string
  readonly kind: (typeof CONFLICTS)[number]
  readonly message: string
}

export interface Tally {
  /** New here. */
  readonly stored: number
  /** Here already. */
  readonly same: number
}

/** What came of some lines, by their kind. */
export interface Applied {
  readonly run: Tally
  readonly log: Tally
  readonly cut: Tally
  readonly verdict: Tally
  /** Bytes of log that are new here. */
  readonly bytes: number
  /** Runs of which all is here, their logs compared by digest. */
  readonly complete: number
  /** Runs of which all but the log is here: it was pruned here, and stays so. */
  readonly pruned: number
  readonly conflicts: readonly Conflict[]
}

interface RunState {
  readonly head: RunHead
  /** Where the log ended here when the run line came. */
  end: number
  pruned: boolean
  /** Told once; what follows of the run is left out. */
  refused: boolean
}

type Counter = Record<'stored' | 'same', number>

/** Applies lines of which each run's begin with its run line. Throws what the store throws; then all before is stored. */
export async function applyLines(store: Store, lines: readonly RunPart[]): Promise<Applied> {
  const work = new Work(store)
  for (const line of lines) await work.take(line)
  return work.finish()
}

class Work {
  readonly #store: Store
  readonly #runs = new Map<string, RunState>()
  readonly #counts = {
    run: { stored: 0, same: 0 },
    log: { stored: 0, same: 0 },
    cut: { stored: 0, same: 0 },
    verdict: { stored: 0, same: 0 },
  }
  readonly #conflicts: Conflict[] = []
  #bytes = 0
  #complete = 0
  #pruned = 0
  #batch: Append[] = []
  #batchBytes = 0

  constructor(store: Store) {
    this.#store = store
  }

  async take(line: RunPart): Promise<void> {
    if (line.kind !== 'log') await this.#flush()
    if (line.kind === 'run') return this.#takeRun(line)
    const state = this.#runs.get(line.run)
    if (state === undefined || state.refused) return
    switch (line.kind) {
      case 'log':
        return this.#takeLog(state, line)
      case 'cut':
        return this.#takeCut(state, line)
      case 'verdict':
        return this.#takeVerdict(state, line)
      case 'run-end':
        return this.#takeEnd(state, line)
    }
  }

  async finish(): Promise<Applied> {
    await this.#flush()
    return {
      ...this.#counts,
      bytes: this.#bytes,
      complete: this.#complete,
      pruned: this.#pruned,
      conflicts: this.#conflicts,
    }
  }

  async #takeRun(head: RunHead): Promise<void> {
    const { run } = head
    const outcome = head.continued === true ? await this.#find(head) : await this.#create(head)
    const state = { head, end: 0, pruned: false, refused: false }
    this.#runs.set(run, state)
    if (outcome === 'gone') return this.#refuse(state, 'run', GONE)
    if (outcome === 'different')
      return this.#refuse(state, 'run', 'a run of that id is there with another campaign or manifest')
    // A run that goes on was counted when it began.
    if (head.continued !== true) count(this.#counts.run, outcome === 'created')
    const end = await this.#logEnd(run)
    state.pruned = end === undefined
    state.end = end ?? 0
  }

  #create({ run, campaign, createdAt, manifest, keyHash, logPruned }: RunHead): ReturnType<Store['createRun']> {
    return this.#store.createRun({
      run,
      campaign,
      createdAt,
      manifest,
      ...(keyHash === undefined ? {} : { keyHash }),
      ...(logPruned === undefined ? {} : { logPruned }),
    })
  }

  /** The run as an earlier slice left it. Made anew it would be without what that slice had, and nothing would prune it. */
  async #find({ run, campaign, manifest, keyHash }: RunHead): Promise<'same' | 'different' | 'gone'> {
    const known = await this.#store.head(run)
    const key = await this.#store.keyOf(run)
    if (known === undefined || key === undefined) return 'gone'
    const isSame =
      known.campaign === campaign &&
      isDeepStrictEqual(known.manifest, manifest) &&
      (keyHash === undefined || key.keyHash === keyHash)
    return isSame ? 'same' : 'different'
  }

  /** Where the log ends; `undefined` where it was pruned. Nothing is ever stored beyond the end, so asking so changes nothing. */
  async #logEnd(run: string): Promise<number | undefined> {
    const beyond = { run, offset: Number.MAX_SAFE_INTEGER, bytes: new Uint8Array(0), at: '' }
    const [outcome] = await this.#store.append([beyond])
    return outcome?.kind === 'gap' ? outcome.offset : undefined
  }

  async #takeLog({ head, pruned }: RunState, { run, offset, bytes }: LogPart): Promise<void> {
    if (pruned) return
    const part = logBytesOf(bytes) ?? Buffer.alloc(0)
    const isLast = offset + part.length >= head.logBytes
    this.#batch.push({
      run,
      offset,
      bytes: part,
      at: head.createdAt,
      ...(isLast && head.progress !== undefined ? { progress: head.progress } : {}),
    })
    this.#batchBytes += part.length
    if (this.#batchBytes >= BATCH_BYTES) await this.#flush()
  }

  /** Makes the appends that wait stable, in one commit. */
  async #flush(): Promise<void> {
    const batch = this.#batch.map((append) => this.#withoutOldProgress(append))
    if (batch.length === 0) return
    this.#batch = []
    this.#batchBytes = 0
    const outcomes = await this.#store.append(batch)
    for (const [index, append] of batch.entries()) {
      const outcome = outcomes[index]
      const state = this.#runs.get(append.run)
      if (outcome !== undefined && state !== undefined && !state.refused) this.#appended(state, append, outcome)
    }
  }

  /** What is known of a longer log is newer than what the export says. */
  #withoutOldProgress(append: Append): Append {
    const { progress, ...rest } = append
    const isNew = append.offset + append.bytes.length > (this.#runs.get(append.run)?.end ?? 0)
    return progress !== undefined && isNew ? append : rest
  }

  #appended(state: RunState, { offset, bytes }: Append, outcome: AppendOutcome): void {
    switch (outcome.kind) {
      case 'stored': {
        const end = offset + bytes.length
        const fresh = Math.max(0, end - Math.max(state.end, offset))
        count(this.#counts.log, fresh > 0)
        this.#bytes += fresh
        state.end = Math.max(state.end, end)
        return
      }
      case 'gap':
        return this.#refuse(state, 'log', `the log ends at ${outcome.offset} here, the export goes on at ${offset}`)
      case 'conflict':
        return this.#refuse(state, 'log', `the log holds another byte at ${outcome.offset}`)
      case 'run-unknown':
        return this.#refuse(state, 'run', GONE)
      case 'pruned':
        state.pruned = true
    }
  }

  async #takeCut(state: RunState, { run, cut }: CutLine): Promise<void> {
    const outcome = await this.#store.recordCut(run, cut, canonicalTime(cut.at) ?? state.head.createdAt)
    if (outcome === 'different') return this.#refuse(state, 'cut', 'another cut is recorded for the run')
    if (outcome === 'run-unknown') return this.#refuse(state, 'run', GONE)
    count(this.#counts.cut, outcome === 'recorded')
  }

  async #takeVerdict(state: RunState, { run, number, at, verdict }: VerdictLine): Promise<void> {
    const outcome = await this.#store.putVerdict(run, number, at, verdict)
    switch (outcome) {
      case 'different':
        return this.#refuse(state, 'verdict', `verdict ${number} is another one here`)
      case 'gap':
        return this.#refuse(state, 'verdict', `the verdicts before number ${number} are not here`)
      case 'run-unknown':
        return this.#refuse(state, 'run', GONE)
      case 'stored':
      case 'same':
        count(this.#counts.verdict, outcome === 'stored')
    }
  }

  async #takeEnd(state: RunState, { run }: RunEnd): Promise<void> {
    if (state.pruned) {
      this.#pruned++
      return
    }
    const { logBytes, logSha256 } = state.head
    if (state.end < logBytes) return this.#refuse(state, 'log', `the log ends at ${state.end} here, not at ${logBytes}`)
    if ((await logDigest(this.#store, run, logBytes)) !== logSha256)
      return this.#refuse(state, 'log', 'the log here has another digest than in the export')
    this.#complete++
  }

  #refuse(state: RunState, kind: Conflict['kind'], message: string): void {
    state.refused = true
    this.#conflicts.push({ run: state.head.run, kind, message: `run ${state.head.run}: ${message}` })
  }
}

function count(counter: Counter, isNew: boolean): void {
  if (isNew) counter.stored++
  else counter.same++
}
