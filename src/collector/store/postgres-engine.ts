/**
 * What speaks PostgreSQL's protocol and is not quite it. The SQL of the store is the same for all of them; here is the little in
 * which they differ (docs/OPERATIONS.md).
 */
import type { Dialect, Sql } from './database.ts'

export type Engine = 'postgresql' | 'citus' | 'cockroachdb'

export const POSTGRES_DIALECT: Dialect = {
  integer: 'BIGINT',
  real: 'DOUBLE PRECISION',
  bytes: 'BYTEA',
  forUpdate: ' FOR UPDATE',
  lockedAtOnce: 1000,
  insertedAtOnce: 1000,
}

/** Citus locks rows of one shard at a time: a SELECT for several runs with FOR UPDATE is refused. */
const CITUS_DIALECT: Dialect = { ...POSTGRES_DIALECT, lockedAtOnce: 1 }

/** PostgreSQL tries to compress long values. Logs are compact by themselves: the attempt would cost several times what keeping them does. */
const LOG_STORAGE = 'ALTER TABLE chunks ALTER COLUMN bytes SET STORAGE EXTERNAL'

/** What is said of the tables once they are made. CockroachDB keeps rows in a way of its own. */
export const storageOf = (engine: Engine): readonly string[] => (engine === 'cockroachdb' ? [] : [LOG_STORAGE])

export const dialectOf = (engine: Engine): Dialect => (engine === 'citus' ? CITUS_DIALECT : POSTGRES_DIALECT)

export async function engineOf(sql: Sql): Promise<Engine> {
  const [server] = await sql.all<{ readonly version: string }>('SELECT version() AS version')
  if (server?.version.startsWith('CockroachDB') === true) return 'cockroachdb'
  const citus = await sql.all(`SELECT extname FROM pg_extension WHERE extname = 'citus'`)
  return citus.length > 0 ? 'citus' : 'postgresql'
}

/** CockroachDB has no function for the size of a table: the bytes of the logs are what can be told there. */
export const SIZES: Readonly<Record<Engine, string>> = {
  postgresql: `SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'`,
  citus: 'SELECT sum(citus_total_relation_size(logicalrelid)) AS bytes FROM pg_dist_partition',
  cockroachdb: 'SELECT sum(bytes) AS bytes FROM logs WHERE pruned_at IS NULL',
}
