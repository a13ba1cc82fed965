/**
 * The driver for PostgreSQL and what speaks its protocol: a pool of connections, transactions, limits on every wait.
 *
 * What durability rests on is looked at in each transaction that writes, in the round trip of its BEGIN: fsync must be on, and
 * `synchronous_commit` is never off in it, whatever the server is set to meanwhile. A transaction that lost against another collector's is run again; one whose connection was lost before
 * its commit once more, and so is a reading, whose commit decides nothing; one that writes and whose commit was not answered is
 * not: whoever asked sends the request again, which is safe.
 * Which tables there are, and how they come to be, is postgres-schema.ts.
 */
import { Pool, type PoolClient, type QueryConfig, TypeOverrides, types } from 'pg'
import { ProbeError } from '../../core/errors.ts'
import { sleepMs } from '../../io/clock.ts'
import type { Database, Dialect, Sql, SqlValue } from './database.ts'
import { CopyIn, type CopyOrder } from './postgres-copy.ts'
import { dialectOf, type Engine, engineOf, SIZES } from './postgres-engine.ts'
import { PostgresFailure } from './postgres-failure.ts'
import { Statements } from './postgres-statements.ts'
import { parsePostgresUrl, type PostgresUrl } from './postgres-url.ts'

/** Connections of one collector at most: appends take a few, readers share the rest. */
export const CONNECTIONS_MAX = 10
/** While one commit waits for the disk the server takes in the next, and one fsync of its serves all that wait for it. */
const WRITES_AT_ONCE = 4
const CONNECT_LIMIT_MS = 5000
const IDLE_LIMIT_MS = 60_000
/** The server ends a statement after so long, and a wait for another's row sooner. */
const STATEMENT_LIMIT_MS = 30_000
const LOCK_LIMIT_MS = 10_000
/** A collector that stopped in the middle of a transaction must not keep others from its runs. */
const IDLE_IN_TRANSACTION_LIMIT_MS = 15_000
/** The driver gives up on a server that does not even say that it took too long. */
const ANSWER_LIMIT_MS = 40_000
const CHECK_LIMIT_MS = 5000

const ATTEMPTS_MAX = 8
const BACKOFF_FIRST_MS = 5
const BACKOFF_MAX_MS = 320

/** A reader sees one moment, however many statements it takes. */
const BEGIN_READ = 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY'
/**
 * Both can be changed while the server runs. The value that the commit will have is kept for the transaction, so that a change
 * amid it comes too late. CockroachDB has no such settings: what it commits is stable.
 */
const BEGIN_WRITE = `BEGIN; SELECT current_setting('fsync', true) AS fsync, set_config('synchronous_commit',
  CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)`
const BEGIN_WRITE_COCKROACHDB = 'BEGIN'
const FSYNC = `SELECT current_setting('fsync', true) AS fsync`

/** Counts, sizes and sums: exact, or an error. */
function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`the store holds ${text}, which is beyond what this program can count`)
  }
  return value
}

const TYPES = new TypeOverrides()
TYPES.setTypeParser(types.builtins.INT8, wholeNumber)
TYPES.setTypeParser(types.builtins.NUMERIC, wholeNumber)

export interface TransactionLimits {
  /** Of one statement, and of one wait for another's row. */
  readonly limitMs: number
}

export class PostgresDatabase implements Database {
  readonly name: string
  readonly writesAtOnce = WRITES_AT_ONCE
  #engine: Engine = 'postgresql'
  readonly #url: PostgresUrl
  readonly #pool: Pool
  readonly #checked: (sql: Sql) => Promise<void>
  readonly #statements = new Statements()
  /** Connections whose database keeps text as it must be. */
  readonly #known = new WeakSet<PoolClient>()

  /** Connects on first use; throws BAD_OPTION where the URL cannot be one. `checked` is what a healthy database passes. */
  constructor(url: string, checked: (sql: Sql) => Promise<void> = ping) {
    this.#url = parsePostgresUrl(url)
    this.#checked = checked
    this.name = this.#url.name
    this.#pool = this.#poolOf(this.#url.connectionString)
    // An idle connection that the server ended is replaced at the next use; the error has nobody to go to.
    this.#pool.on('error', ignore)
    this.#pool.on('connect', (client) => client.on('error', ignore))
  }

  #poolOf(connectionString: string): Pool {
    try {
      return new Pool({
        connectionString,
        types: TYPES,
        application_name: 'plugpull',
        max: CONNECTIONS_MAX,
        connectionTimeoutMillis: CONNECT_LIMIT_MS,
        idleTimeoutMillis: IDLE_LIMIT_MS,
        statement_timeout: STATEMENT_LIMIT_MS,
        lock_timeout: LOCK_LIMIT_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_LIMIT_MS,
        query_timeout: ANSWER_LIMIT_MS,
        keepAlive: true,
      })
    } catch (error) {
      throw this.#told(new PostgresFailure(error))
    }
  }

  get engine(): Engine {
    return this.#engine
  }

  get dialect(): Dialect {
    return dialectOf(this.#engine)
  }

  /** Finds out what it is that answers; before that it is taken for PostgreSQL itself. */
  async recognise(): Promise<void> {
    this.#engine = await this.read(engineOf)
  }

  read<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#untilDone((seen) => this.#transaction(BEGIN_READ, work, seen))
  }

  write<T>(work: (sql: Sql) => Promise<T>, limits?: TransactionLimits): Promise<T> {
    const begin = this.#engine === 'cockroachdb' ? BEGIN_WRITE_COCKROACHDB : BEGIN_WRITE
    return this.#untilDone((seen) => this.#transaction(begin, work, seen, limits))
  }

  /** Whole attempts, until one is done or nothing speaks for another. */
  async #untilDone<T>(attempt: (seen: Progress) => Promise<T>): Promise<T> {
    let reconnected = false
    for (let attempts = 1, pauseMs = BACKOFF_FIRST_MS; ; attempts++, pauseMs = Math.min(pauseMs * 2, BACKOFF_MAX_MS)) {
      const seen: Progress = { connected: false }
      try {
        return await attempt(seen)
      } catch (error) {
        if (!(error instanceof PostgresFailure)) throw error
        const again = error.kind === 'again' || (error.kind === 'lost' && seen.connected && !reconnected)
        if (!again || attempts >= ATTEMPTS_MAX) throw this.#told(error)
        reconnected ||= error.kind === 'lost'
        await sleepMs(pauseMs * (0.5 + Math.random()))
      }
    }
  }

  async #transaction<T>(
    begin: string,
    work: (sql: Sql) => Promise<T>,
    seen: Progress,
    limits?: TransactionLimits,
  ): Promise<T> {
    const client = await this.#connect()
    seen.connected = true
    let isUsable = false
    try {
      const query = querying(client, limits?.limitMs)
      const begun = await query({ text: begin })
      try {
        this.#requireFsync(begun)
        if (limits !== undefined) await query({ text: limited(limits.limitMs) })
        const result = await work(this.#sql(client, query))
        await commit(query, begin)
        isUsable = true
        return result
      } catch (error) {
        isUsable = await this.#rollback(client, error)
        throw error
      }
    } finally {
      client.release(!isUsable)
    }
  }

  #sql(client: PoolClient, query: Query): Sql {
    const all: Sql['all'] = (text, values) => this.#rows(query, text, values)
    // What speaks the same protocol may copy in ways of its own.
    if (this.#engine !== 'postgresql') return { all }
    return { all, copy: (table, columns, rows) => copied(client, { table, columns, rows }) }
  }

  /** Whether the connection can be used further. */
  async #rollback(client: PoolClient, error: unknown): Promise<boolean> {
    if (error instanceof PostgresFailure && (error.kind === 'lost' || error.kind === 'unknown')) return false
    return client.query('ROLLBACK').then(
      () => true,
      () => false,
    )
  }

  async #rows<Row>(query: Query, text: string, values: readonly SqlValue[] = []): Promise<readonly Row[]> {
    const { rows } = await query({ ...this.#statements.of(text, values.length), values: values.map(storable) })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the statement says what it selects
    return rows as readonly Row[]
  }

  /** A connection on which a commit means what it should. */
  async #connect(): Promise<PoolClient> {
    let client: PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw new PostgresFailure(error)
    }
    if (this.#known.has(client)) return client
    try {
      await this.#requireText(client)
      this.#known.add(client)
      return client
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  async #requireText(client: PoolClient): Promise<void> {
    const answer = await querying(client)({ text: `SELECT current_setting('server_encoding', true) AS encoding` })
    const encoding = settingIn(answer, 'encoding') ?? 'UTF8'
    if (!/^utf-?8$/i.test(encoding))
      throw this.#refusal(`keeps text as ${encoding}; create the database with ENCODING 'UTF8'`)
  }

  #requireFsync(answer: unknown): void {
    if (settingIn(answer, 'fsync') === 'off')
      throw this.#refusal('runs with fsync=off: what it commits does not survive a loss of power; set fsync = on')
  }

  #refusal(how: string): ProbeError {
    return new ProbeError('STORE_UNAVAILABLE', `the store ${this.name} ${how}`)
  }

  #told(failure: PostgresFailure): ProbeError {
    return failure.told(this.name, this.#url.redact)
  }

  async sizeBytes(): Promise<number> {
    const [row] = await this.read((sql) => sql.all<{ readonly bytes: number | null }>(SIZES[this.#engine]))
    return row?.bytes ?? 0
  }

  async check(): Promise<void> {
    const limits = { limitMs: CHECK_LIMIT_MS }
    const checked = async (sql: Sql): Promise<void> => {
      this.#requireFsync({ rows: await sql.all(FSYNC) })
      await this.#checked(sql)
    }
    await this.#untilDone((seen) => this.#transaction(BEGIN_READ, checked, seen, limits))
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end()
  }
}

/** How far an attempt came. */
interface Progress {
  connected: boolean
}

type Query = (
  config: QueryConfig,
) => Promise<{ readonly command: string; readonly rows: readonly Readonly<Record<string, never>>[] }>

async function ping(sql: Sql): Promise<void> {
  await sql.all('SELECT 1 AS one')
}

/** Where the answer to a commit is missing, nobody knows whether it was one; of what was only read nothing hangs on that. */
async function commit(query: Query, begin: string): Promise<void> {
  try {
    const { command } = await query({ text: 'COMMIT' })
    // A transaction in which a statement failed is rolled back by COMMIT, without an error.
    if (command !== 'COMMIT') throw new PostgresFailure(new Error(`COMMIT was answered by ${command}`), 'other')
  } catch (error) {
    if (begin === BEGIN_READ || !(error instanceof PostgresFailure)) throw error
    if (error.kind !== 'lost' && error.sqlState !== '57014') throw error
    throw new PostgresFailure(error.cause, 'unknown')
  }
}

const ignore = (): void => undefined

/** Queries on that connection, whose failures are told apart from those of the work around them. */
function querying(client: PoolClient, limitMs?: number): Query {
  // The driver waits a little longer than the server, so that the server's reason is the one that is told.
  const limit = limitMs === undefined ? {} : { query_timeout: limitMs + CONNECT_LIMIT_MS }
  return async (config) => {
    try {
      return await client.query({ ...config, ...limit })
    } catch (error) {
      throw new PostgresFailure(error)
    }
  }
}

const copied = (client: PoolClient, order: CopyOrder): Promise<void> =>
  new Promise((resolve, reject) => {
    client.query(new CopyIn(order, (error) => (error === null ? resolve() : reject(new PostgresFailure(error)))))
  })

/** A setting in the first row of an answer; of several statements at once, in that of the last. */
function settingIn(answer: unknown, name: string): string | undefined {
  const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer
  const rows: unknown = typeof last === 'object' && last !== null ? Reflect.get(last, 'rows') : undefined
  const [row]: readonly unknown[] = Array.isArray(rows) ? rows : []
  const value: unknown = typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined
  return typeof value === 'string' ? value : undefined
}

const limited = (limitMs: number): string =>
  `SET LOCAL statement_timeout = ${limitMs}; SET LOCAL lock_timeout = ${limitMs}`

/** PostgreSQL takes no character 0 in a text. */
function storable(value: SqlValue): SqlValue {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
