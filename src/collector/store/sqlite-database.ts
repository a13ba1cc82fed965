/**
 * SQLite as the store's database: WAL with synchronous=FULL, so that a commit is one append to the WAL and one fsync.
 *
 * One connection writes, one transaction after the other; another one reads, and sees what is committed and nothing else. A
 * commit whose fsync failed is never tried again by this process: the kernel may have dropped the pages and would report
 * success for nothing the second time.
 */
import { existsSync, statSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { messageOf, ProbeError } from '../../core/errors.ts'
import type { Database, Dialect, Sql, SqlValue } from './database.ts'
import { migrate, requireMade, requireSchema } from './sqlite-migrations.ts'
import { giveBackSome } from './sqlite-space.ts'
import { SqlStore } from './sql-store.ts'
import type { Store, StoreAccess } from './store.ts'

const BUSY_LIMIT_MS = 5000
/** The WAL is cut back to this after a checkpoint. */
const WAL_BYTES_KEPT = 64 << 20
/** Statements differ by how many rows they take; more than so many are not kept ready. */
const STATEMENTS_KEPT = 200

export const SQLITE_DIALECT: Dialect = {
  integer: 'INTEGER',
  real: 'REAL',
  bytes: 'BLOB',
  forUpdate: '',
  // A statement of one row is prepared once; those of each number of rows would be made anew time and again.
  lockedAtOnce: 1,
  insertedAtOnce: 1,
}

export interface SqliteOptions {
  /** Default: `write`. */
  readonly access?: StoreAccess
  /** Test seam: the database may not grow beyond so many pages of 4 KiB. */
  readonly pagesMax?: number
}

/** Opens or creates the store; throws STORE_UNAVAILABLE or STORE_VERSION naming the file. */
export function openSqliteStore(file: string, options: SqliteOptions = {}): Store {
  return new SqlStore(new SqliteDatabase(file, options))
}

/** The file, checked and set up: what durability rests on is set here and nowhere else. */
export function openConnection(file: string, options: SqliteOptions): Sqlite.Database {
  const { access = 'write' } = options
  const readonly = access === 'read'
  let db: Sqlite.Database | undefined
  if (access !== 'write' && !existsSync(file)) throw notThere(file)
  try {
    db = new Sqlite(file, { readonly, fileMustExist: access !== 'write', timeout: BUSY_LIMIT_MS })
    if (access === 'update') requireMade(db, file)
    if (readonly) requireSchema(db, file)
    else prepareForWriting(db, file, options)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

function prepareForWriting(db: Sqlite.Database, file: string, options: SqliteOptions): void {
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

/** What is no failure of SQLite is a fault of ours, and stays what it is. */
const failureOf = (error: unknown, file: string): unknown =>
  error instanceof Sqlite.SqliteError ? storeError(error, file) : error

const notThere = (file: string): ProbeError =>
  new ProbeError(
    'STORE_UNAVAILABLE',
    `the store ${file} cannot be used: there is no such file; check the path given with --store sqlite:FILE`,
  )

/** What SQLite threw, as an error that says what to do. */
function storeError(error: unknown, file: string): ProbeError {
  if (error instanceof ProbeError) return error
  const code = error instanceof Sqlite.SqliteError ? error.code : ''
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

/** A connection as something that takes statements; each is prepared once. */
class Connection implements Sql {
  readonly db: Sqlite.Database
  readonly #statements = new Map<string, Sqlite.Statement<SqlValue[]>>()

  constructor(db: Sqlite.Database) {
    this.db = db
  }

  async all<Row>(text: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    const statement = this.#statement(text)
    if (statement.reader) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- who writes a statement says what its rows are
      return statement.all(...values) as readonly Row[]
    }
    statement.run(...values)
    return []
  }

  #statement(text: string): Sqlite.Statement<SqlValue[]> {
    const known = this.#statements.get(text)
    if (known !== undefined) return known
    const [oldest] = this.#statements.keys()
    if (this.#statements.size >= STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest)
    const statement = this.db.prepare<SqlValue[]>(text)
    this.#statements.set(text, statement)
    return statement
  }
}

export class SqliteDatabase implements Database {
  readonly name: string
  readonly dialect = SQLITE_DIALECT
  readonly writesAtOnce = 1
  readonly #file: string
  readonly #reader: Connection
  readonly #writer: Connection
  /** The transaction under way, and those that wait for it. */
  #last: Promise<unknown> = Promise.resolve()
  /** Set by the first failed fsync or write: nothing is promised after it. */
  #broken: ProbeError | undefined

  constructor(file: string, options: SqliteOptions = {}) {
    this.name = `sqlite:${file}`
    this.#file = file
    this.#writer = new Connection(openConnection(file, options))
    this.#reader = options.access === 'read' ? this.#writer : new Connection(openConnection(file, { access: 'read' }))
  }

  async read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    try {
      return await work(this.#reader)
    } catch (error) {
      throw failureOf(error, this.#file)
    }
  }

  write<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const mine = this.#last.then(() => this.#transaction(work))
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async #transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#broken !== undefined) throw this.#broken
    const { db } = this.#writer
    try {
      db.exec('BEGIN IMMEDIATE')
      const result = await work(this.#writer)
      db.exec('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw this.#failure(error)
    }
  }

  #rollBack(): void {
    const { db } = this.#writer
    // After some errors SQLite has rolled back by itself.
    if (db.inTransaction) db.exec('ROLLBACK')
  }

  #failure(error: unknown): unknown {
    if (!(error instanceof Sqlite.SqliteError) || !error.code.startsWith('SQLITE_IOERR'))
      return failureOf(error, this.#file)
    const message = `the store ${this.#file} failed to write: ${error.message} (${error.code}); nothing more is accepted, check the disk and start the collector again`
    this.#broken = new ProbeError('STORE_UNAVAILABLE', message, { cause: error })
    return this.#broken
  }

  async giveBack(signal?: AbortSignal): Promise<void> {
    // One step at a time, each behind the transactions that came meanwhile.
    for (;;) {
      if (signal?.aborted === true || !(await this.#alone(() => giveBackSome(this.#writer.db)))) break
      await new Promise(setImmediate)
    }
    // The file itself becomes shorter when the WAL is written back.
    await this.#alone(() => this.#writer.db.pragma('wal_checkpoint(PASSIVE)'))
  }

  /** Work that is a transaction of its own, or none. */
  #alone<T>(work: () => T): Promise<T> {
    const mine = this.#last.then(() => {
      if (this.#broken !== undefined) throw this.#broken
      try {
        return work()
      } catch (error) {
        throw this.#failure(error)
      }
    })
    this.#last = mine.catch(() => undefined)
    return mine
  }

  async sizeBytes(): Promise<number> {
    return ['', '-wal'].reduce(
      (sum, suffix) => sum + (statSync(this.#file + suffix, { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  }

  async check(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    await this.read((sql) => sql.all('SELECT count(*) AS count FROM tokens'))
  }

  async close(): Promise<void> {
    await this.#last
    if (this.#reader !== this.#writer) this.#reader.db.close()
    this.#writer.db.close()
  }
}
