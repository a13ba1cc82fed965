/**
 * Opens the store given for writing, and dies by SIGKILL at the nth thing that is done to the database on the way: the same
 * place each time. Without a number it opens and ends. For migration.test.ts, as a process of its own.
 */
import Sqlite from 'better-sqlite3'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'

const [, , file = '', dieAt = '0'] = process.argv
let steps = 0

function step(): void {
  if (++steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
}

for (const name of ['exec', 'pragma', 'prepare'] as const) {
  const counted = new Proxy(Sqlite.prototype[name], {
    apply: (target, self, given): unknown => {
      step()
      return Reflect.apply(target, self, given)
    },
  })
  Reflect.set(Sqlite.prototype, name, counted)
}

const store = openSqliteStore(file)
await store.close()
process.stdout.write(`${steps}\n`)
