/** The tests' own PostgreSQL: it durably serves, and it is gone when the test that started it is killed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from './plugpull-process.ts'
import { NO_POSTGRES, startPostgres } from './postgres.ts'

const PROGRAM = fileURLToPath(new URL('postgres-holder.js', import.meta.url))

async function hold(): Promise<{ readonly child: ChildProcess; readonly folder: string }> {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const folder = await until('a server', () => /^(\/\S+)\n/.exec(said)?.[1])
  return { child, folder }
}

const postmaster = (folder: string): number =>
  Number(readFileSync(`${folder}/data/postmaster.pid`, 'utf8').split('\n')[0])

/** Processes whose parent that is. */
const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? []
      return Number(parent) === pid ? [Number(name)] : []
    } catch {
      return []
    }
  })

const postgres = await startPostgres()

test(
  'it commits to stable storage, and restarts with what it had',
  { skip: postgres?.own === true ? false : NO_POSTGRES },
  async () => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    assert.deepEqual(await postgres.query(url, 'CREATE TABLE t (x BIGINT)', 'INSERT INTO t VALUES (7)', 'SHOW fsync'), [
      { fsync: 'on' },
    ])
    await postgres.crash()
    await assert.rejects(postgres.query(url, 'SELECT x FROM t'))
    await postgres.start()
    assert.deepEqual(await postgres.query(url, 'SELECT x FROM t'), [{ x: '7' }])
  },
)

for (const victim of ['test', 'keeper'] as const) {
  test(
    `nothing is left of it when the ${victim} is killed`,
    { skip: postgres?.own === true ? false : NO_POSTGRES },
    async (t) => {
      const { child, folder } = await hold()
      t.after(() => child.kill('SIGKILL'))
      const server = postmaster(folder)
      const [keeper] = childrenOf(child.pid ?? Number.NaN)
      assert(keeper !== undefined && child.pid !== undefined)
      process.kill(victim === 'test' ? child.pid : keeper, 'SIGKILL')
      await until('the server to end', () => (existsSync(`/proc/${server}`) ? undefined : true))
      if (victim === 'keeper') {
        child.kill('SIGKILL')
        await until('the holder to end', () => (existsSync(`/proc/${child.pid}`) ? undefined : true))
        // What the keeper could not remove goes at the next start.
        const next = await hold()
        assert(!existsSync(folder))
        next.child.kill('SIGKILL')
        await until('its folder to go', () => (existsSync(next.folder) ? undefined : true))
      } else await until('its folder to go', () => (existsSync(folder) ? undefined : true))
    },
  )
}
