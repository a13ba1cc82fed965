/** The store on PostgreSQL: the database checked and brought up to date, and the SQL of every store over it. */
import { ProbeError } from '../../core/errors.ts'
import type { Sql } from './database.ts'
import { PostgresDatabase } from './postgres-database.ts'
import { migratePostgres, requireVersion, schemaOf } from './postgres-schema.ts'
import { SCHEMA_VERSION } from './schema.ts'
import { SqlStore } from './sql-store.ts'
import type { Store, StoreAccess } from './store.ts'

/** Throws BAD_OPTION, STORE_UNAVAILABLE or STORE_VERSION. All but `write` finds a store of this version there, and makes none. */
export async function openPostgresStore(url: string, access: StoreAccess = 'write'): Promise<Store> {
  const required = (sql: Sql): Promise<void> => requireVersion(sql, database.name, SCHEMA_VERSION)
  const database: PostgresDatabase = new PostgresDatabase(url, (sql) => required(sql).catch(asUnavailable))
  try {
    await database.recognise()
    if (access === 'write') await migratePostgres(database, schemaOf(database.engine))
    else await database.read(required)
    return new SqlStore(database)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** A collector whose database was brought up to date by a newer one is of no use any more, and a balancer should know. */
function asUnavailable(error: unknown): never {
  if (error instanceof ProbeError && error.code === 'STORE_VERSION')
    throw new ProbeError('STORE_UNAVAILABLE', error.message, { cause: error })
  throw error
}
