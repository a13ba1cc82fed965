/**
 * The tables of the store, the same in every database.
 *
 * Everything of a run is found by its id, which leads every key: so a database that spreads rows over machines can keep a
 * run in one place. Nothing is numbered by the database, and JSON is text: what was given is what comes back, byte for
 * byte. `findings` of a verdict is its list of them, or an object of `findings` and `foundAt` where it has both: all that is too
 * long to be read with every summary. `logs` is apart from `runs` because it changes with every append and a manifest can be long; `facts` is what follows
 * from manifest, cut and newest verdict, and can be computed again.
 */
import { FACETS } from '../../core/campaign/facts.ts'
import type { Dialect } from './database.ts'

/** Counts the migrations that led here. */
export const SCHEMA_VERSION = 3

/** Columns of `facts` that are the facts of a run, as in core/campaign/facts. */
export const FACT_COLUMNS = [...FACETS, 'target', 'flush'] as const

/** Columns of `facts` that are the outcome of a run: all NULL, but for the number 0, where it has no verdict. */
export const OUTCOME_COLUMNS = [
  'verdict_number',
  'word',
  'was_cut',
  'shows_all',
  'lost',
  'torn',
  'reordered',
  'other',
  'lied_flushes',
  'lost_writes',
  'lost_bytes',
  'oldest_lost_ms',
] as const

/** The statements that make the tables, one by one. */
export function tableStatements({
  integer,
  real,
  bytes,
}: Pick<Dialect, 'integer' | 'real' | 'bytes'>): readonly string[] {
  const facts = FACT_COLUMNS.map((name) => `${name} TEXT NOT NULL`).join(', ')
  return [
    `CREATE TABLE runs (
      run TEXT NOT NULL PRIMARY KEY, campaign TEXT NOT NULL, device TEXT NOT NULL, created_at TEXT NOT NULL,
      manifest TEXT NOT NULL, cut TEXT, key_hash TEXT)`,
    'CREATE INDEX runs_by_time ON runs (created_at, run)',
    'CREATE INDEX runs_by_campaign ON runs (campaign, created_at, run)',
    'CREATE INDEX runs_by_device ON runs (device, created_at, run)',
    `CREATE TABLE logs (
      run TEXT NOT NULL PRIMARY KEY, bytes ${integer} NOT NULL, progress TEXT, heard_at TEXT NOT NULL, pruned_at TEXT)`,
    'CREATE INDEX logs_by_time ON logs (heard_at)',
    `CREATE TABLE chunks (
      run TEXT NOT NULL, start ${integer} NOT NULL, bytes ${bytes} NOT NULL, PRIMARY KEY (run, start))`,
    `CREATE TABLE verdicts (
      run TEXT NOT NULL, number ${integer} NOT NULL, at TEXT NOT NULL, word TEXT NOT NULL, contract TEXT NOT NULL,
      summary TEXT NOT NULL, findings TEXT NOT NULL, PRIMARY KEY (run, number))`,
    `CREATE TABLE facts (
      run TEXT NOT NULL PRIMARY KEY, campaign TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL, ${facts},
      verdict_number ${integer} NOT NULL, word TEXT, was_cut ${integer}, shows_all ${integer}, lost ${integer},
      torn ${integer}, reordered ${integer}, other ${integer}, lied_flushes ${integer}, lost_writes ${integer},
      lost_bytes ${integer}, oldest_lost_ms ${real})`,
    'CREATE INDEX facts_by_campaign ON facts (campaign, created_at, run)',
    'CREATE INDEX facts_by_time ON facts (created_at, run)',
    'CREATE INDEX facts_by_change ON facts (changed_at)',
    `CREATE TABLE tokens (
      id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash TEXT NOT NULL,
      created_at TEXT NOT NULL, expires_at TEXT, revoked_at TEXT)`,
    'CREATE UNIQUE INDEX tokens_by_hash ON tokens (hash)',
    'CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL',
  ]
}
