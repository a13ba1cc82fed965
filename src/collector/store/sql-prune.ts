/**
 * Pruning in SQL: runs are looked at oldest first, page by page, and what is to go is taken run by run, each in a transaction
 * of its own, so that nobody waits long for it. A run is looked at again when it is taken: one without a verdict stays, and
 * what another collector has taken meanwhile is not taken twice. A long log is marked as pruned first, which makes it so for
 * everybody, and then removed in steps (sql-prune-steps).
 */
import type { Database, Sql } from './database.ts'
import { removeChunks, removeLeftOver } from './sql-prune-steps.ts'
import type { Pruned, PruneQuery } from './store.ts'

const PAGE_RUNS = 500
/** A log up to this goes in one transaction with its run. */
const WHOLE_BYTES_MAX = 1 << 20

interface Candidate {
  readonly run: string
  readonly created_at: string
  /** Bytes of log that are there. */
  readonly kept: number
  readonly verdict_number: number
}

const KEPT = 'CASE WHEN logs.pruned_at IS NULL THEN logs.bytes ELSE 0 END'

const CANDIDATES = `
  SELECT logs.run, facts.created_at, ${KEPT} AS kept, facts.verdict_number
  FROM facts JOIN logs ON logs.run = facts.run
  WHERE facts.created_at > ? OR (facts.created_at = ? AND facts.run > ?)
  ORDER BY facts.created_at, facts.run LIMIT ?`

export async function prune(database: Database, query: PruneQuery): Promise<Pruned> {
  const pruned = { runs: 0, bytes: 0, spared: 0 }
  if (!query.dryRun) await removeLeftOver(database, query.signal)
  let left = query.keepBytes === undefined ? 0 : await database.read(keptBytes)
  for await (const one of oldestFirst(database)) {
    if (query.signal?.aborted === true || !mayGo(query, one.created_at, left)) break
    if (!isToGo(query, one, left)) continue
    if (one.verdict_number === 0) {
      pruned.spared++
      continue
    }
    const { runs, bytes } = query.dryRun ? countOf(one.kept) : await takeRun(database, one, query)
    // Whoever took it, it is not there any more.
    left -= one.kept
    pruned.runs += runs
    pruned.bytes += bytes
  }
  return pruned
}

async function keptBytes(sql: Sql): Promise<number> {
  const [sum] = await sql.all<{ readonly bytes: number }>(`SELECT coalesce(sum(${KEPT}), 0) AS bytes FROM logs`)
  return sum?.bytes ?? 0
}

async function* oldestFirst(database: Database): AsyncGenerator<Candidate> {
  for (let at = { created_at: '', run: '' }; ;) {
    const { created_at, run } = at
    const page = await database.read((sql) => sql.all<Candidate>(CANDIDATES, [created_at, created_at, run, PAGE_RUNS]))
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_RUNS) return
    at = last
  }
}

const isOld = ({ before }: PruneQuery, created: string): boolean => before !== undefined && created < before
const isTooMuch = ({ keepBytes }: PruneQuery, left: number): boolean => keepBytes !== undefined && left > keepBytes

/** False from where on nothing goes any more: what follows is younger, and there is no less room. */
const mayGo = (query: PruneQuery, created: string, left: number): boolean =>
  isOld(query, created) || isTooMuch(query, left)

/** What frees nothing does not go for the sake of room. */
const isToGo = (query: PruneQuery, { created_at, kept }: Candidate, left: number): boolean =>
  (isOld(query, created_at) && (query.what === 'runs' || kept > 0)) || (isTooMuch(query, left) && kept > 0)

/** What went by us: what another one takes meanwhile is for that one to tell. */
async function takeRun(
  database: Database,
  { run, kept }: Candidate,
  query: PruneQuery,
): Promise<{ readonly runs: number; readonly bytes: number }> {
  const taken = (how: 'whole' | 'mark'): Promise<number | undefined> =>
    database.write((sql) => take(sql, database, run, query, how))
  if (kept <= WHOLE_BYTES_MAX) return countOf(await taken('whole'))
  const marked = countOf(await taken('mark'))
  if (marked.runs === 0) return marked
  await removeChunks(database, run, query.what === 'logs' ? query.signal : undefined)
  return query.what === 'logs' ? marked : { ...countOf(await taken('whole')), bytes: marked.bytes }
}

const countOf = (bytes: number | undefined) => (bytes === undefined ? { runs: 0, bytes: 0 } : { runs: 1, bytes })

const OF_A_RUN = ['chunks', 'verdicts', 'facts', 'logs', 'runs'] as const

/**
 * One transaction: bytes of log that went; `undefined` where there was nothing to take, or no verdict. `mark`: the log is pruned,
 * and its bytes are still to be removed.
 */
async function take(
  sql: Sql,
  { dialect }: Database,
  run: string,
  { what, at }: PruneQuery,
  how: 'whole' | 'mark',
): Promise<number | undefined> {
  // Verdicts and cuts are written under the lock of the run, appends under that of its log.
  await sql.all(`SELECT run FROM runs WHERE run = ?${dialect.forUpdate}`, [run])
  const [log] = await sql.all<{ readonly bytes: number; readonly pruned_at: string | null }>(
    `SELECT bytes, pruned_at FROM logs WHERE run = ?${dialect.forUpdate}`,
    [run],
  )
  const judged = await sql.all('SELECT run FROM facts WHERE run = ? AND verdict_number > 0', [run])
  if (log === undefined || judged.length === 0 || (what === 'logs' && log.pruned_at !== null)) return undefined
  if (what === 'runs' && how === 'whole')
    for (const table of OF_A_RUN) await sql.all(`DELETE FROM ${table} WHERE run = ?`, [run])
  else {
    if (how === 'whole') await sql.all('DELETE FROM chunks WHERE run = ?', [run])
    await sql.all('UPDATE logs SET pruned_at = coalesce(pruned_at, ?) WHERE run = ?', [at, run])
  }
  return log.pruned_at === null ? log.bytes : 0
}
