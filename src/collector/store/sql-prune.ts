/**
 * Pruning in SQL: what goes is chosen first, oldest first, and then taken run by run, each in a transaction of its own, so that
 * nobody waits long for it. A run without a verdict is never chosen, and asked again before it goes.
 */
import type { Database, Sql } from './database.ts'
import type { Pruned, PruneQuery } from './store.ts'

interface Candidate {
  readonly run: string
  readonly created_at: string
  readonly bytes: number
  readonly verdict_number: number
  readonly pruned_at: string | null
}

const CANDIDATES = `
  SELECT logs.run, facts.created_at, logs.bytes, facts.verdict_number, logs.pruned_at
  FROM logs JOIN facts ON facts.run = logs.run ORDER BY facts.created_at, logs.run`

export async function prune(database: Database, query: PruneQuery): Promise<Pruned> {
  const all = await database.read((sql) => sql.all<Candidate>(CANDIDATES))
  const { chosen, spared } = choose(all, query)
  let runs = 0
  let bytes = 0
  for (const one of chosen) {
    const isGone = query.dryRun || (await database.write((sql) => take(sql, database, one.run, query)))
    if (!isGone) continue
    runs++
    bytes += keptBytes(one)
  }
  return { runs, bytes, spared }
}

const keptBytes = ({ bytes, pruned_at }: Candidate): number => (pruned_at === null ? bytes : 0)

/** Too old, or among the oldest that must go for the rest to fit. */
function choose(oldestFirst: readonly Candidate[], { what, before, keepBytes }: PruneQuery) {
  let left = oldestFirst.reduce((sum, one) => sum + keptBytes(one), 0)
  const chosen: Candidate[] = []
  let spared = 0
  for (const one of oldestFirst) {
    const isOld = before !== undefined && one.created_at < before
    const isTooMuch = keepBytes !== undefined && left > keepBytes
    if (!isOld && !isTooMuch) continue
    if (what === 'logs' && keptBytes(one) === 0) continue
    if (one.verdict_number === 0) {
      spared++
      continue
    }
    chosen.push(one)
    left -= keptBytes(one)
  }
  return { chosen, spared }
}

const OF_A_RUN = ['chunks', 'verdicts', 'facts', 'logs', 'runs'] as const

async function take(sql: Sql, { dialect }: Database, run: string, { what, at }: PruneQuery): Promise<boolean> {
  const locked = await sql.all(`SELECT run FROM logs WHERE run = ?${dialect.forUpdate}`, [run])
  const judged = await sql.all('SELECT run FROM facts WHERE run = ? AND verdict_number > 0', [run])
  if (locked.length === 0 || judged.length === 0) return false
  if (what === 'runs') for (const table of OF_A_RUN) await sql.all(`DELETE FROM ${table} WHERE run = ?`, [run])
  else {
    await sql.all('DELETE FROM chunks WHERE run = ?', [run])
    await sql.all('UPDATE logs SET pruned_at = ? WHERE run = ?', [at, run])
  }
  return true
}
