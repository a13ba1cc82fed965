/**
 * Logs in SQL: appended to in batches, read back in pieces.
 *
 * A batch is three steps however many runs are in it: the ends of the logs, locked in one order so that two collectors cannot
 * wait for each other; the new chunks; the new ends. Each is one statement where a statement is a way over a network.
 */
import { ProbeError } from '../../core/errors.ts'
import { type Database, type Dialect, marks, rowsOfMarks, type Sql, type SqlValue } from './database.ts'
import type { Append, AppendOutcome } from './store.ts'

/** A piece of a log read back: small chunks are gathered up to this; one chunk is never split. */
const PIECE_BYTES = 256 << 10
/** Chunks that one statement asks for: they are some KiB each, and at most 4 MiB. */
const PIECE_CHUNKS = 32
/** Bytes of log in one statement: CockroachDB takes messages up to 16 MiB, unless it is told otherwise. */
const STATEMENT_BYTES = 8 << 20

/** A copy is one way to the server and back more than a statement. */
const COPIED_BYTES_LEAST = 64 << 10

interface LogEnd {
  readonly run: string
  readonly bytes: number
  readonly pruned_at: string | null
}

interface Chunk {
  readonly run: string
  readonly start: number
  readonly bytes: Uint8Array
}

/** The log of one run while a batch is applied to it. */
interface Open {
  end: number
  readonly isPruned: boolean
  progress: string | null
  heardAt: string | undefined
}

/** Applies the batch in its order, in the caller's transaction. */
export async function appendAll(
  sql: Sql,
  { dialect, name }: Pick<Database, 'dialect' | 'name'>,
  batch: readonly Append[],
): Promise<readonly AppendOutcome[]> {
  // In one order everywhere: two collectors with the same runs wait for each other in a line, not in a ring.
  const logs = await openLogs(sql, [...new Set(batch.map(({ run }) => run))].toSorted(), dialect)
  const chunks: Chunk[] = []
  const outcomes: AppendOutcome[] = []
  for (const append of batch) {
    const log = logs.get(append.run)
    if (log === undefined) outcomes.push({ kind: 'run-unknown' })
    else {
      // What is compared with the log has to be in it.
      if (append.offset < log.end) await insertChunks(sql, chunks.splice(0), dialect)
      outcomes.push(await appendOne(sql, name, log, append, chunks))
    }
  }
  await insertChunks(sql, chunks, dialect)
  await updateLogs(sql, logs, dialect)
  return outcomes
}

async function openLogs(
  sql: Sql,
  runs: readonly string[],
  { forUpdate, lockedAtOnce }: Dialect,
): Promise<Map<string, Open>> {
  const logs = new Map<string, Open>()
  for (let at = 0; at < runs.length; at += lockedAtOnce) {
    const some = runs.slice(at, at + lockedAtOnce)
    const select = `SELECT run, bytes, pruned_at FROM logs WHERE run IN (${marks(some.length)}) ORDER BY run${forUpdate}`
    for (const { run, bytes, pruned_at } of await sql.all<LogEnd>(select, some))
      logs.set(run, { end: bytes, isPruned: pruned_at !== null, progress: null, heardAt: undefined })
  }
  return logs
}

async function appendOne(
  sql: Sql,
  store: string,
  log: Open,
  { run, offset, bytes, progress, at }: Append,
  chunks: Chunk[],
): Promise<AppendOutcome> {
  if (log.isPruned) return { kind: 'pruned' }
  if (offset > log.end) return { kind: 'gap', offset: log.end }
  const overlap = Math.min(offset + bytes.length, log.end) - offset
  const differs = await firstDifference(sql, store, run, offset, bytes.subarray(0, overlap))
  if (differs !== undefined) return { kind: 'conflict', offset: differs }
  const end = offset + bytes.length
  if (end > log.end) {
    chunks.push({ run, start: log.end, bytes: bytes.subarray(overlap) })
    log.end = end
    log.heardAt = at
  }
  if (progress !== undefined) {
    log.progress = JSON.stringify(progress)
    log.heardAt = at
  }
  return { kind: 'stored', offset: end }
}

async function insertChunks(sql: Sql, chunks: readonly Chunk[], { insertedAtOnce }: Dialect): Promise<void> {
  if (sql.copy !== undefined && sizeOf(chunks) >= COPIED_BYTES_LEAST) {
    const rows = chunks.map(({ run, start, bytes }) => [run, start, bytes])
    return sql.copy('chunks', ['run', 'start', 'bytes'], rows)
  }
  for (let at = 0; at < chunks.length;) {
    const some = firstChunks(chunks.slice(at, at + insertedAtOnce))
    const values = some.flatMap(({ run, start, bytes }): readonly SqlValue[] => [run, start, bytes])
    await sql.all(`INSERT INTO chunks (run, start, bytes) VALUES ${rowsOfMarks(some.length, 3)}`, values)
    at += some.length
  }
}

const sizeOf = (chunks: readonly Chunk[]): number => chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)

/** As many of them as one statement takes, and at least one. */
function firstChunks(chunks: readonly Chunk[]): readonly Chunk[] {
  let bytes = 0
  const end = chunks.findIndex((chunk, index) => (bytes += chunk.bytes.length) > STATEMENT_BYTES && index > 0)
  return end < 0 ? chunks : chunks.slice(0, end)
}

async function updateLogs(sql: Sql, logs: ReadonlyMap<string, Open>, { insertedAtOnce }: Dialect): Promise<void> {
  const changed = [...logs].flatMap(([run, { end, progress, heardAt }]) =>
    heardAt === undefined ? [] : [[run, end, progress, heardAt]],
  )
  for (let at = 0; at < changed.length; at += insertedAtOnce) {
    const some = changed.slice(at, at + insertedAtOnce)
    await sql.all(
      `INSERT INTO logs (run, bytes, progress, heard_at) VALUES ${rowsOfMarks(some.length, 4)}
       ON CONFLICT (run) DO UPDATE SET bytes = excluded.bytes,
         progress = coalesce(excluded.progress, logs.progress), heard_at = excluded.heard_at`,
      some.flat(),
    )
  }
}

/** Offset of the first byte of the log from `offset` on that is not as in `bytes`. */
async function firstDifference(
  sql: Sql,
  store: string,
  run: string,
  offset: number,
  bytes: Uint8Array,
): Promise<number | undefined> {
  for (let at = 0; at < bytes.length;) {
    const piece = await readPiece(sql, store, run, offset + at, offset + bytes.length)
    const expected = bytes.subarray(at, at + piece.length)
    if (Buffer.compare(piece, expected) !== 0)
      return offset + at + piece.findIndex((byte, index) => byte !== expected[index])
    at += piece.length
  }
  return undefined
}

// The chunk that holds the byte is the last that starts at or before it; a missing one shows as a start beyond it.
const PLACES_FROM = `
  SELECT start, length(bytes) AS size FROM chunks
  WHERE run = ? AND start >= (SELECT max(start) FROM chunks WHERE run = ? AND start <= ?) AND start < ?
  ORDER BY start LIMIT ?`

/** Bytes of the log from `at`, some 256 KiB and at least one, not beyond `to`. */
async function readPiece(sql: Sql, store: string, run: string, at: number, to: number): Promise<Uint8Array> {
  const gathered: Uint8Array[] = []
  let next = at
  for (const chunk of await chunksFrom(sql, run, at, to)) {
    const skip = next - chunk.start
    if (skip < 0 || skip >= chunk.bytes.length) break
    const part = chunk.bytes.subarray(skip, skip + to - next)
    gathered.push(part)
    next += part.length
    if (next >= to || next - at >= PIECE_BYTES) break
  }
  const [only] = gathered
  if (only === undefined) throw damaged(store, run, `byte ${at} is missing`)
  return gathered.length === 1 ? only : Buffer.concat(gathered)
}

/** The chunks of a piece. Their sizes are asked for first: one chunk can be as large as a piece, or far larger. */
async function chunksFrom(sql: Sql, run: string, at: number, to: number): Promise<readonly Chunk[]> {
  const values = [run, run, at, to, PIECE_CHUNKS]
  const places = await sql.all<{ readonly start: number; readonly size: number }>(PLACES_FROM, values)
  const last = places.find(({ start, size }) => start + size >= at + PIECE_BYTES) ?? places.at(-1)
  return sql.all<Chunk>('SELECT start, bytes FROM chunks WHERE run = ? AND start >= ? AND start <= ? ORDER BY start', [
    run,
    places[0]?.start ?? 0,
    last?.start ?? -1,
  ])
}

/** The bytes of the log from `from` to `to`, piece by piece. */
export async function* readLog(database: Database, run: string, from: number, to: number): AsyncGenerator<Uint8Array> {
  const end = await endOfLog(database, run)
  if (to > end) throw damaged(database.name, run, `it ends at ${end}, not ${to}`)
  for (let at = from; at < to;) {
    const piece = await database
      .read((sql) => readPiece(sql, database.name, run, at, to))
      .catch(async (error: unknown) => {
        // Pruned while it was read: that is what is to be told then.
        await endOfLog(database, run)
        throw error
      })
    at += piece.length
    yield piece
  }
}

async function endOfLog(database: Database, run: string): Promise<number> {
  const [log] = await database.read((sql) =>
    sql.all<LogEnd>('SELECT run, bytes, pruned_at FROM logs WHERE run = ?', [run]),
  )
  if (log === undefined)
    throw new ProbeError(
      'RUN_UNKNOWN',
      `the store ${database.name} has no run ${run}, or has it no more: it was pruned`,
    )
  if (log.pruned_at !== null)
    throw new ProbeError('LOG_PRUNED', `the log of run ${run} was pruned at ${log.pruned_at}; its verdicts are kept`)
  return log.bytes
}

const damaged = (store: string, run: string, how: string): ProbeError =>
  new ProbeError(
    'STORE_UNAVAILABLE',
    `the store ${store} is damaged in the log of run ${run}: ${how}; restore it from a copy`,
  )
