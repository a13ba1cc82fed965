/**
 * The bytes of logs that are pruned, removed in transactions of some MiB: on SQLite everybody waits for one, and a log may have
 * hundreds. From the end of the log to its beginning, so that what a collector left that was killed amid it shows by the
 * chunk that every log begins with; the next pruning removes it.
 */
import type { Database, Sql } from './database.ts'

/** Removed in one transaction at most, and one chunk more. */
const STEP_BYTES = 8 << 20
const STEP_CHUNKS = 2000

/** Removes the log's bytes as long as it is pruned; a run that was made anew meanwhile keeps its own. */
export async function removeChunks(database: Database, run: string, signal?: AbortSignal): Promise<void> {
  for (;;) {
    if (signal?.aborted === true || !(await database.write((sql) => removeSome(sql, database, run)))) break
    // Whatever came meanwhile goes first.
    await new Promise(setImmediate)
  }
}

/** Whether there is more. */
async function removeSome(sql: Sql, { dialect }: Database, run: string): Promise<boolean> {
  const [log] = await sql.all<{ readonly pruned_at: string | null }>(
    `SELECT pruned_at FROM logs WHERE run = ?${dialect.forUpdate}`,
    [run],
  )
  if (log === undefined || log.pruned_at === null) return false
  const from = Math.max((await startFromEnd(sql, run, 0)) - STEP_BYTES, await startFromEnd(sql, run, STEP_CHUNKS), 0)
  await sql.all('DELETE FROM chunks WHERE run = ? AND start >= ?', [run, from])
  return from > 0
}

/** Where the chunk begins that has so many behind it; 0 where there are not so many. */
async function startFromEnd(sql: Sql, run: string, behind: number): Promise<number> {
  const [chunk] = await sql.all<{ readonly start: number }>(
    'SELECT start FROM chunks WHERE run = ? ORDER BY start DESC LIMIT 1 OFFSET ?',
    [run, behind],
  )
  return chunk?.start ?? 0
}

/** What was not removed to its end. */
export async function removeLeftOver(database: Database, signal?: AbortSignal): Promise<void> {
  const runs = await database.read((sql) =>
    sql.all<{ readonly run: string }>(
      `SELECT logs.run FROM logs JOIN chunks ON chunks.run = logs.run
       WHERE logs.pruned_at IS NOT NULL AND chunks.start = 0`,
    ),
  )
  for (const { run } of runs) await removeChunks(database, run, signal)
}
