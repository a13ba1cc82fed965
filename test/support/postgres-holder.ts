/** A test that is killed in the middle: starts a PostgreSQL, says where, and waits. */
import { startPostgres } from './postgres.ts'

const postgres = await startPostgres()
process.stdout.write(`${postgres?.folder ?? ''}\n`)
setInterval(() => undefined, 1000)
