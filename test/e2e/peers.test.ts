/** The side-by-side with peers as its user runs it, in small: one fault, one run, and nothing left behind. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type PeersData, PEERS_SCHEMA } from '../../bench/peers/data.ts'
import { sleepMs } from '../../src/io/clock.ts'
import { findProgram, runToolSync } from '../../src/io/process.ts'
import { describeMissing, missingRequirements } from '../../src/io/requirements.ts'
import { ended, inPlace } from './loop-run.ts'

const PROGRAM = fileURLToPath(new URL('../../bench/peers/main.js', import.meta.url))
const STAND_IN = join(import.meta.dirname, '..', '..', '..', 'test', 'bench', 'peers', 'diskchecker-stand-in.pl')
const STATE = '/tmp/127.0.0.1.diskchecker'

function skippedWithout(t: TestContext, ...programs: readonly string[]): boolean {
  const lacking = missingRequirements(['nbdkit', 'nbdfuse', 'fuse'])
  const absent = programs.filter((program) => findProgram(program) === undefined)
  if (lacking.length > 0) t.skip(describeMissing(lacking))
  else if (absent.length > 0) t.skip(`not installed: ${absent.join(', ')}`)
  return lacking.length > 0 || absent.length > 0
}

const start = (folder: string, ...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

async function peers(folder: string, ...args: readonly string[]): Promise<PeersData> {
  const { status, stdout, stderr } = await ended(start(folder, '--json', ...args))
  assert.equal(status, 0, stderr)
  const data: PeersData = JSON.parse(stdout)
  assert.equal(data.schema, PEERS_SCHEMA)
  return data
}

describe('the side-by-side with peers', () => {
  it('flip-bit: plugpull and fio both detect it, and plugpull acquits the honest disk', async (t) => {
    if (skippedWithout(t, 'fio')) return
    await inPlace(async ({ path }) => {
      const data = await peers(path, '--only', 'flip-bit', '--repeat', '1', '--tools', 'plugpull,fio')
      assert.deepEqual([...new Set(data.rows.map(({ name }) => name))], ['plugpull', 'fio'])
      assert.equal(data.rows.length, 8)
      for (const { name, setting, honest, faults, problems } of data.rows) {
        const where = `${name} ${JSON.stringify(setting)}, seed ${data.seed}`
        assert.deepEqual(problems, [], where)
        assert.equal(faults.length, 1, where)
        assert.equal(faults[0]?.detected, true, where)
        if (name === 'plugpull') assert.equal(honest[0]?.word, 'sound', where)
      }
      assert.ok(data.absent.some(({ name, why }) => name === 'diskchecker.pl' && why === 'not supplied'))
    })
  })

  it('runs a diskchecker.pl that is supplied (a stand-in here), and gives the loop device back', async (t) => {
    if (skippedWithout(t, 'perl', 'losetup')) return
    if (process.getuid?.() !== 0) return t.skip('needs root, for a loop device')
    if (existsSync(STATE)) return t.skip(`${STATE} is there: another diskchecker.pl may be at work`)
    await inPlace(async ({ path }) => {
      const only = ['--only', 'flip-bit,dropped-flush', '--repeat', '1', '--tools', 'diskchecker.pl']
      const data = await peers(path, ...only, '--diskchecker', STAND_IN)
      assert.deepEqual(
        data.rows.map(({ problems, honest, faults }) => [
          problems,
          honest[0]?.word,
          faults.map((fault) => fault.detected),
        ]),
        [[[], 'sound', [true, true]]],
        `seed ${data.seed}`,
      )
      assert.ok(!existsSync(STATE))
      assert.ok(!runToolSync('losetup', ['--list', '--output', 'BACK-FILE']).stdout.includes(path))
    })
  })

  it('stopped by SIGINT it leaves nothing', async (t) => {
    if (skippedWithout(t)) return
    await inPlace(async ({ path }) => {
      const child = start(path, '--repeat', '1', '--only', 'flip-bit', '--tools', 'plugpull')
      const end = ended(child)
      await sleepMs(3000)
      child.kill('SIGINT')
      assert.equal((await end).status, 130)
    })
  })

  it('takes no fault, tool or fio that there is not', async (t) => {
    if (skippedWithout(t)) return
    await inPlace(async ({ path }) => {
      for (const [option, value] of [
        ['--only', 'rot'],
        ['--tools', 'dd'],
        ['--fio', '/nowhere/fio'],
        ['--repeat', '0'],
        ['--seed', '7'],
      ] as const) {
        const { status, stderr } = await ended(start(path, option, value))
        assert.equal(status, 64, stderr)
        assert.match(stderr, new RegExp(option))
      }
    })
  })
})
