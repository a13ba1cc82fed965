/**
 * Pruning in SQL: runs are looked at oldest first, page by page, and what is to go is taken run by run, each in a transaction
 * of its own, so that nobody waits long for it. A run is looked at again when it is taken: one without a verdict stays, and
 * what another collector has taken meanwhile is not taken twice.
 */
import type { Database, Sql } from './database.ts'
import type { Pruned, PruneQuery } from './store.ts'

const PAGE_RUNS = 500

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
  let left = query.keepBytes === undefined ? 0 : await database.read(keptBytes)
  for await (const one of oldestFirst(database)) {
    if (query.signal?.aborted === true || !mayGo(query, one.created_at, left)) break
    if (!isToGo(query, one, left)) continue
    if (one.verdict_number === 0) {
      pruned.spared++
      continue
    }
    const bytes = query.dryRun ? one.kept : await database.write((sql) => take(sql, database, one.run, query))
    // Whoever took it, it is not there any more.
    left -= one.kept
    if (bytes === undefined) continue
    pruned.runs++
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

const OF_A_RUN = ['chunks', 'verdicts', 'facts', 'logs', 'runs'] as const

/** Bytes of log that went; `undefined` where there was nothing to take, or no verdict. */
async function take(
  sql: Sql,
  { dialect }: Database,
  run: string,
  { what, at }: PruneQuery,
): Promise<number | undefined> {
  // Verdicts and cuts are written under the lock of the run, appends under that of its log.
  await sql.all(`SELECT run FROM runs WHERE run = ?${dialect.forUpdate}`, [run])
  const [log] = await sql.all<{ readonly bytes: number; readonly pruned_at: string | null }>(
    `SELECT bytes, pruned_at FROM logs WHERE run = ?${dialect.forUpdate}`,
    [run],
  )
  const judged = await sql.all('SELECT run FROM facts WHERE run = ? AND verdict_number > 0', [run])
  if (log === undefined || judged.length === 0 || (what === 'logs' && log.pruned_at !== null)) return undefined
  if (what === 'runs') for (const table of OF_A_RUN) await sql.all(`DELETE FROM ${table} WHERE run = ?`, [run])
  else {
    await sql.all('DELETE FROM chunks WHERE run = ?', [run])
    await sql.all('UPDATE logs SET pruned_at = ? WHERE run = ?', [at, run])
  }
  return log.pruned_at === null ? log.bytes : 0
}
