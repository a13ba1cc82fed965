/**
 * The embedded store: SQLite in WAL mode with synchronous=FULL, so that a commit is one append to the WAL and one fsync.
 *
 * Its calls are synchronous and end before the promise is made: whoever awaits an append knows that the fsync is done.
 * A commit whose fsync failed is never tried again by this process: the kernel may have dropped the pages and would
 * report success for nothing the second time. Waiting for others to append, HTTP and time are left to the callers.
 */
import { isDeepStrictEqual } from 'node:util'
import Database from 'better-sqlite3'
import type { CampaignCounts, CutRecord, RunSummary, RunView, VerifiedRun } from '../../core/campaign/campaign.ts'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { isManifest } from '../../core/manifest.ts'
import { type CampaignSetup, SetupCounter, setupOf } from '../../core/campaign/setup.ts'
import type { Verdict } from '../../core/verdict.ts'
import { migrate, requireSchema } from './sqlite-schema.ts'
import { type LogRow, prepareStatements, type RunRow, type Statements } from './sqlite-statements.ts'
import type { Append, AppendOutcome, NewRun, RunQuery, Store } from './store.ts'

/** A piece of a log read back: small chunks are gathered up to this; one chunk is never split. */
const PIECE_BYTES = 256 << 10
const BUSY_LIMIT_MS = 5000
/** The WAL is cut back to this after a checkpoint. */
const WAL_BYTES_KEPT = 64 << 20

export interface SqliteStoreOptions {
  /** `read` opens a file that must be there and changes nothing in it. */
  readonly access?: 'read' | 'write'
  /** Test seam: the database may not grow beyond so many pages of 4 KiB. */
  readonly pagesMax?: number
}

/** Opens or creates the store; throws STORE_UNAVAILABLE or STORE_VERSION naming the file. */
export function openSqliteStore(file: string, options: SqliteStoreOptions = {}): Store {
  return new SqliteStore(openDatabase(file, options), file)
}

/** The file, checked and set up: what durability rests on is set here and nowhere else. */
export function openDatabase(file: string, options: SqliteStoreOptions): Database.Database {
  const readonly = options.access === 'read'
  let db: Database.Database | undefined
  try {
    db = new Database(file, { readonly, fileMustExist: readonly, timeout: BUSY_LIMIT_MS })
    if (readonly) requireSchema(db, file)
    else prepareForWriting(db, file, options)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

function prepareForWriting(db: Database.Database, file: string, options: SqliteStoreOptions): void {
  migrate(db, file)
  if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
    throw new ProbeError(
      'STORE_UNAVAILABLE',
      `${file} cannot be kept in WAL mode, it needs a local file system; choose another place with --store sqlite:FILE`,
    )
  }
  db.pragma('synchronous = FULL')
  db.pragma(`journal_size_limit = ${WAL_BYTES_KEPT}`)
  if (options.pagesMax !== undefined) db.pragma(`max_page_count = ${options.pagesMax}`)
}

/** What SQLite threw, as an error that says what to do. */
function storeError(error: unknown, file: string): ProbeError {
  if (error instanceof ProbeError) return error
  const code = error instanceof Database.SqliteError ? error.code : ''
  const said = `${messageOf(error)}${code === '' ? '' : ` (${code})`}`
  if (code === 'SQLITE_FULL') {
    return new ProbeError(
      'STORE_FULL',
      `the store ${file} is full: ${said}; make room, all that was acknowledged is intact`,
      { cause: error },
    )
  }
  const wayOut =
    code === 'SQLITE_NOTADB'
      ? 'it is not an SQLite database, choose another file'
      : 'check the path, its rights and the disk'
  return new ProbeError('STORE_UNAVAILABLE', `the store ${file} cannot be used: ${said}; ${wayOut}`, { cause: error })
}

class SqliteStore implements Store {
  readonly name: string
  readonly #db: Database.Database
  readonly #file: string
  readonly #sql: Statements
  /** Set by the first failed fsync or write: nothing is promised after it. */
  #broken: ProbeError | undefined

  constructor(db: Database.Database, file: string) {
    this.name = `sqlite:${file}`
    this.#db = db
    this.#file = file
    this.#sql = prepareStatements(db)
  }

  createRun(run: NewRun): Promise<'created' | 'same' | 'different'> {
    return this.#write(() => {
      const known = this.#sql.run.get(run.run)
      if (known !== undefined) {
        const same =
          known.campaign === run.campaign && isDeepStrictEqual(JSON.parse(known.manifest), plain(run.manifest))
        return same ? 'same' : 'different'
      }
      const { lastInsertRowid } = this.#sql.insertRun.run(
        run.run,
        run.campaign,
        run.createdAt,
        JSON.stringify(run.manifest),
      )
      this.#sql.insertLog.run(lastInsertRowid)
      return 'created'
    })
  }

  append(batch: readonly Append[]): Promise<readonly AppendOutcome[]> {
    return this.#write(() => batch.map((append) => this.#appendOne(append)))
  }

  #appendOne({ run, offset, bytes, progress }: Append): AppendOutcome {
    const log = this.#sql.log.get(run)
    if (log === undefined) return { kind: 'run-unknown' }
    if (offset > log.bytes) return { kind: 'gap', offset: log.bytes }
    const end = offset + bytes.length
    const overlap = Math.min(end, log.bytes) - offset
    const differs = this.#firstDifference(log, offset, bytes.subarray(0, overlap))
    if (differs !== undefined) return { kind: 'conflict', offset: differs }
    if (end > log.bytes) this.#sql.insertChunk.run(log.id, log.bytes, bytes.subarray(overlap))
    if (end > log.bytes || progress !== undefined) {
      this.#sql.updateLog.run(
        Math.max(end, log.bytes),
        progress === undefined ? null : JSON.stringify(progress),
        log.id,
      )
    }
    return { kind: 'stored', offset: end }
  }

  /** Offset of the first byte of the log from `offset` on that is not as in `bytes`. */
  #firstDifference(log: LogRow, offset: number, bytes: Uint8Array): number | undefined {
    for (let at = 0; at < bytes.length;) {
      const piece = this.#piece(log, offset + at, offset + bytes.length)
      const expected = bytes.subarray(at, at + piece.length)
      if (piece.compare(expected) !== 0) return offset + at + piece.findIndex((byte, index) => byte !== expected[index])
      at += piece.length
    }
    return undefined
  }

  async run(run: string): Promise<RunView | undefined> {
    return this.#read(() => {
      const row = this.#sql.run.get(run)
      if (row === undefined) return undefined
      const { verdict: _summary, ...facts } = summaryOf(row)
      const newest = row.verdict_number === null ? undefined : this.#verdict(run, row.verdict_number)
      return {
        ...facts,
        manifest: JSON.parse(row.manifest),
        verdicts: this.#sql.verdictEntries.all(row.id),
        ...(newest === undefined ? {} : { verdict: newest }),
      }
    })
  }

  async *readLog(run: string, from: number, to: number): AsyncGenerator<Uint8Array, void, void> {
    const log = this.#read(() => this.#sql.log.get(run))
    if (log === undefined || to > log.bytes) throw this.#damaged(run, `it ends at ${log?.bytes ?? 0}, not ${to}`)
    for (let at = from; at < to;) {
      const piece = this.#read(() => this.#piece(log, at, to))
      at += piece.length
      yield piece
    }
  }

  /** Bytes of the log from `at`, some 256 KiB and at least one, not beyond `to`. */
  #piece(log: LogRow, at: number, to: number): Buffer {
    const gathered: Buffer[] = []
    let next = at
    for (const chunk of this.#sql.chunksFrom.iterate(log.id, log.id, at)) {
      const skip = next - chunk.start
      if (skip < 0 || skip >= chunk.bytes.length) break
      const part = chunk.bytes.subarray(skip, skip + to - next)
      gathered.push(part)
      next += part.length
      if (next >= to || next - at >= PIECE_BYTES) break
    }
    if (next === at) throw this.#damaged(log.run, `byte ${at} is missing`)
    return gathered.length === 1 && gathered[0] !== undefined ? gathered[0] : Buffer.concat(gathered)
  }

  #damaged(run: string, how: string): ProbeError {
    return new ProbeError(
      'STORE_UNAVAILABLE',
      `the store ${this.#file} is damaged in the log of run ${run}: ${how}; restore the file from a copy`,
    )
  }

  recordCut(run: string, cut: CutRecord): Promise<'recorded' | 'same' | 'different' | 'run-unknown'> {
    return this.#write(() => {
      const row = this.#sql.run.get(run)
      if (row === undefined) return 'run-unknown'
      if (row.cut !== null) return isDeepStrictEqual(JSON.parse(row.cut), plain(cut)) ? 'same' : 'different'
      this.#sql.updateCut.run(JSON.stringify(cut), row.id)
      return 'recorded'
    })
  }

  addVerdict(run: string, at: string, verdict: Verdict): Promise<number | 'run-unknown'> {
    return this.#write(() => {
      const row = this.#sql.run.get(run)
      if (row === undefined) return 'run-unknown'
      const newest = row.verdict_number ?? 0
      if (newest > 0 && isDeepStrictEqual(this.#verdict(run, newest), plain(verdict))) return newest
      const { findings, ...summary } = verdict
      const texts = [JSON.stringify(summary), JSON.stringify(findings)] as const
      this.#sql.insertVerdict.run(row.id, newest + 1, at, verdict.verdict, verdict.contract, ...texts)
      return newest + 1
    })
  }

  async verdict(run: string, number: number): Promise<Verdict | undefined> {
    return this.#read(() => this.#verdict(run, number))
  }

  #verdict(run: string, number: number): Verdict | undefined {
    const row = this.#sql.verdict.get(run, number)
    return row === undefined ? undefined : { ...JSON.parse(row.summary), findings: JSON.parse(row.findings) }
  }

  async runs(query: RunQuery): ReturnType<Store['runs']> {
    return this.#read(() => {
      const before = query.after === undefined ? Number.MAX_SAFE_INTEGER : this.#sql.run.get(query.after)?.id
      if (before === undefined) return 'run-unknown'
      // One more than asked for tells whether there is a next page.
      const rows = this.#rows(query, before, query.limit + 1)
      const runs = rows.slice(0, query.limit).map(summaryOf)
      const last = runs.at(-1)
      return rows.length > query.limit && last !== undefined ? { runs, next: last.run } : { runs }
    })
  }

  #rows({ campaign, device }: RunQuery, before: number, limit: number): readonly RunRow[] {
    if (campaign !== undefined && device !== undefined) return this.#sql.runsOfBoth.all(device, campaign, before, limit)
    if (device !== undefined) return this.#sql.runsOfDevice.all(device, before, limit)
    if (campaign !== undefined) return this.#sql.runsOfCampaign.all(campaign, before, limit)
    return this.#sql.runs.all(before, limit)
  }

  async campaigns(): Promise<readonly CampaignCounts[]> {
    return this.#read(() => this.#sql.campaigns.all())
  }

  async campaign(name: string): ReturnType<Store['campaign']> {
    return this.#read(() => {
      const runs = this.#sql.countRuns.get(name)?.count ?? 0
      if (runs === 0) return undefined
      const verdicts = this.#sql.newestVerdicts.all(name).map(({ summary, cut }): VerifiedRun => ({
        ...JSON.parse(summary),
        // Of the run, whatever a verdict has of that name.
        cut: cut === null ? undefined : JSON.parse(cut),
      }))
      return { runs, verdicts, setup: this.#setup(name) }
    })
  }

  /** Manifests can be long and runs many: one is read at a time. */
  #setup(campaign: string): CampaignSetup {
    const counter = new SetupCounter()
    for (const { manifest, cut } of this.#sql.manifests.iterate(campaign)) {
      const parsed: unknown = JSON.parse(manifest)
      if (isManifest(parsed)) counter.add(setupOf(parsed, cut === null ? undefined : JSON.parse(cut)))
    }
    return counter.setup()
  }

  async check(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    this.#read(() => this.#db.pragma('user_version'))
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  /** One transaction that is on stable storage when it returns. */
  async #write<T>(work: () => T): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken
    try {
      return this.#db.transaction(work).immediate()
    } catch (error) {
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_IOERR')) {
        const message = `the store ${this.#file} failed to write: ${error.message} (${error.code}); nothing more is accepted, check the disk and start the collector again`
        this.#broken = new ProbeError('STORE_UNAVAILABLE', message, { cause: error })
        throw this.#broken
      }
      throw storeError(error, this.#file)
    }
  }

  #read<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw storeError(error, this.#file)
    }
  }
}

/** What is left of a value once it has been JSON: compared with what is stored, which has been. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function summaryOf(row: RunRow): RunSummary {
  return {
    run: row.run,
    campaign: row.campaign,
    createdAt: row.created_at,
    bytes: row.bytes,
    ...(row.progress === null ? {} : { progress: JSON.parse(row.progress) }),
    ...(row.cut === null ? {} : { cut: JSON.parse(row.cut) }),
    ...(row.verdict_summary === null ? {} : { verdict: JSON.parse(row.verdict_summary) }),
  }
}
