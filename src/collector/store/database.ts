/**
 * The driver PORT under the store: a database that takes SQL, and what it promises about transactions.
 *
 * The store is written once, in SQL that SQLite, PostgreSQL, Citus and CockroachDB all take (docs/OPERATIONS.md says what is
 * avoided); what differs between them is here: types, row locks, retries and how errors are told.
 */
export type SqlValue = string | number | null | Uint8Array

export interface Sql {
  /** Runs one statement with `?` for its values, and resolves to its rows; none where it returns none. */
  all<Row>(text: string, values?: readonly SqlValue[]): Promise<readonly Row[]>

  /** Inserts rows of text, 64-bit integers and bytes in a way that costs less than a statement where there are many bytes; absent where there is none. */
  readonly copy?: (
    table: string,
    columns: readonly string[],
    rows: readonly (readonly (string | number | Uint8Array)[])[],
  ) => Promise<void>
}

/** Names of types, and what only some engines have. */
export interface Dialect {
  /** 64 bits. */
  readonly integer: string
  readonly real: string
  readonly bytes: string
  /** Behind a SELECT: locks its rows until the transaction ends; empty where writers are alone anyway. */
  readonly forUpdate: string
  /** Runs whose rows one such SELECT may lock. */
  readonly lockedAtOnce: number
  /** Rows that one statement inserts at most: many where each statement is a way over a network. */
  readonly insertedAtOnce: number
}

export interface Database {
  /** As on the command line, without secrets. */
  readonly name: string
  readonly dialect: Dialect
  /** Transactions that write and gain from being under way at once: 1 where writers are alone anyway. */
  readonly writesAtOnce: number

  /** Statements that change nothing. Each sees what was committed before it. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>

  /**
   * One transaction: on stable storage when it resolves, nothing of it where it throws. `work` MUST be repeatable: it is run
   * again where the engine asks for that.
   */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>

  /** Gives back to the medium what was freed, while others go on, until the signal is aborted; absent where the engine sees to that by itself. */
  giveBack?(signal?: AbortSignal): Promise<void>

  /** What the database takes on its medium. */
  sizeBytes(): Promise<number>

  /** Throws STORE_UNAVAILABLE where it can no longer be trusted to keep what it is given. */
  check(): Promise<void>

  close(): Promise<void>
}

/** `?, ?, ?`. */
export const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ')

/** `(?, ?), (?, ?)`: rows to insert with one statement. */
export const rowsOfMarks = (rows: number, columns: number): string =>
  Array.from({ length: rows }, () => `(${marks(columns)})`).join(', ')
