/**
 * Runs out of a store, as the lines of an export. What a run has when its turn comes is what is exported of it: its log up
 * to where it ends then, so that a run under way is carried as far as it is, and the rest by a later export.
 *
 * Holds one run's newest verdict and one piece of its log at a time, however much is exported.
 */
import { createHash } from 'node:crypto'
import type { RunView } from '../../core/campaign/campaign.ts'
import { ProbeError } from '../../core/errors.ts'
import type { Store } from '../store/store.ts'
import { encodeLine } from './codec.ts'
import { EXPORT_SCHEMA, LOG_PART_BYTES } from './line.ts'

const PAGE_RUNS = 1000

/** Which runs: those of these campaigns and these very ones; with neither, all. */
export interface Selection {
  readonly campaigns: readonly string[]
  readonly runs: readonly string[]
}

export interface Wrote {
  readonly program: string
  /** Wall clock, ISO 8601, UTC. */
  readonly at: string
}

/** The runs that are meant, oldest first, each once. Throws RUN_UNKNOWN, CAMPAIGN_UNKNOWN. */
export async function selectRuns(store: Store, { campaigns, runs }: Selection): Promise<readonly string[]> {
  const chosen = new Set<string>()
  if (campaigns.length === 0 && runs.length === 0) for (const run of await runsOf(store)) chosen.add(run)
  for (const campaign of campaigns) {
    const found = await runsOf(store, campaign)
    if (found.length === 0)
      throw new ProbeError('CAMPAIGN_UNKNOWN', `${store.name} has no campaign ${JSON.stringify(campaign)}`)
    for (const run of found) chosen.add(run)
  }
  for (const run of runs) {
    if ((await store.keyOf(run)) === undefined)
      throw new ProbeError('RUN_UNKNOWN', `${store.name} has no run ${JSON.stringify(run)}`)
    chosen.add(run)
  }
  return [...chosen]
}

async function runsOf(store: Store, campaign?: string): Promise<readonly string[]> {
  const found: string[] = []
  for (let after: string | undefined; ;) {
    const query = { ...(campaign === undefined ? {} : { campaign }), ...(after === undefined ? {} : { after }) }
    const page = await store.runs({ ...query, limit: PAGE_RUNS })
    // The run that the page goes on from was pruned meanwhile: what is older is gone, too.
    if (page === 'run-unknown') break
    for (const { run } of page.runs) found.push(run)
    if (page.next === undefined) break
    after = page.next
  }
  return found.toReversed()
}

/** The export, line by line. A run that was pruned since it was selected is left out. */
export async function* exportRuns(store: Store, runs: readonly string[], wrote: Wrote): AsyncGenerator<Buffer> {
  yield encodeLine({ kind: 'header', schema: EXPORT_SCHEMA, program: wrote.program, at: wrote.at })
  const total = { runs: 0, logBytes: 0, cuts: 0, verdicts: 0 }
  for (const id of runs) {
    const view = await store.run(id)
    if (view === undefined) continue
    yield* exportRun(store, view)
    total.runs++
    total.logBytes += logBytesOfView(view)
    total.cuts += view.cut === undefined ? 0 : 1
    total.verdicts += view.verdicts.length
  }
  yield encodeLine({ kind: 'end', ...total })
}

const logBytesOfView = (view: RunView): number => (view.logPruned === undefined ? view.bytes : 0)

async function* exportRun(store: Store, view: RunView): AsyncGenerator<Buffer> {
  const { run, campaign, createdAt, manifest, cut, progress, logPruned } = view
  const logBytes = logBytesOfView(view)
  const key = await store.keyOf(run)
  yield encodeLine({
    kind: 'run',
    run,
    campaign,
    createdAt,
    manifest,
    logBytes,
    logSha256: await logDigest(store, run, logBytes),
    ...(progress === undefined ? {} : { progress }),
    ...(logPruned === undefined ? {} : { logPruned: { at: logPruned, bytes: view.bytes } }),
    ...key,
  })
  let offset = 0
  // Of a log that was pruned not even nothing can be read.
  const pieces = logPruned === undefined ? store.readLog(run, 0, logBytes) : []
  for await (const part of inParts(pieces)) {
    yield encodeLine({ kind: 'log', run, offset, bytes: part.toString('base64') })
    offset += part.length
  }
  if (cut !== undefined) yield encodeLine({ kind: 'cut', run, cut })
  for (const { number, at } of view.verdicts) {
    const verdict = number === view.verdicts.length ? view.verdict : await store.verdict(run, number)
    if (verdict === undefined)
      throw new ProbeError('RUN_UNKNOWN', `run ${run} was pruned while it was exported; export once more`)
    yield encodeLine({ kind: 'verdict', run, number, at, verdict })
  }
  yield encodeLine({ kind: 'run-end', run, cuts: cut === undefined ? 0 : 1, verdicts: view.verdicts.length })
}

/** SHA-256 of the first bytes of a run's log. */
export async function logDigest(store: Store, run: string, bytes: number): Promise<string> {
  const hash = createHash('sha256')
  if (bytes > 0) for await (const piece of store.readLog(run, 0, bytes)) hash.update(piece)
  return hash.digest('hex')
}

/** The same bytes in parts of LOG_PART_BYTES, the last one shorter. */
async function* inParts(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + LOG_PART_BYTES - length)
      held.push(part)
      length += part.length
      at += part.length
      if (length < LOG_PART_BYTES) continue
      yield Buffer.concat(held)
      held = []
      length = 0
    }
  }
  if (length > 0) yield Buffer.concat(held)
}
