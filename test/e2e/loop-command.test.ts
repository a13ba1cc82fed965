/** The rig of three commands, over a machine that is a shell script: its power is an agent process, its disk a file. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ProbeError } from '../../src/core/errors.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import { parseLoopOptions } from '../../src/rig/loop-options.ts'
import { isGone } from '../../src/rig/power.ts'
import { scratchFolder, startCollector, until } from '../support/plugpull-process.ts'
import { ended, inPlace, loop, processesNaming, skippedWithout } from './loop-run.ts'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))

/**
 * `machine FOLDER start|cut`, or `once FIRST then…`. At power-on it verifies what the last run left and begins the next, as the unit of
 * deploy/systemd does.
 */
const MACHINE = `
cd "$1" || exit 1
is_on() { [ -s pid ] && kill -0 "$(cat pid)" 2>/dev/null; }
case $2 in
start)
  is_on && exit 0
  eval "set -- $PLUGPULL_AGENT_ARGUMENTS"
  setsid "$NODE" "$CLI" agent --target disk --collector "$PLUGPULL_COLLECTOR" "$@" --verify-first --json --quiet >console 2>&1 &
  echo $! >pid ;;
suspend) kill -STOP "$(cat pid)" ;;
resume) kill -CONT "$(cat pid)" ;;
cut)
  echo 'power off'
  kill -9 "$(cat pid)" && while [ -d "/proc/$(cat pid)" ]; do sleep 0.02; done ;;
once)
  # The first time this, and the rest of the words from then on.
  shift 2
  first=$1; shift
  [ -e was ] || { : >was; eval "$first"; exit; }
  case $1 in eval*) eval "$1" ;; *) exec sh ./machine . "$@" ;; esac ;;
esac
`

/** `{ cutAfter: '1s' }` for `--cut-after 1s`. */
type Options = Readonly<Record<string, string>>

const flags = (options: Options): readonly string[] =>
  Object.entries(options).flatMap(([key, value]) => [`--${key.replaceAll(/[A-Z]/g, '-$&').toLowerCase()}`, value])

interface Lab {
  readonly client: CollectorClient
  readonly folder: string
  /** A command for the rig. */
  readonly does: (...words: readonly string[]) => string
  /** Runs a loop over the machine; small times, and the collector of the test. */
  readonly loop: (options: Options) => ReturnType<typeof loop>
}

/** A machine that is switched off and gone when the work is done. */
async function withMachine(t: TestContext, work: (lab: Lab) => Promise<void>): Promise<void> {
  const { url } = await startCollector(t, scratchFolder(t))
  const client = new CollectorClient(url)
  t.after(() => client.close())
  await inPlace(async (place) => {
    const folder = join(place.path, 'machine')
    mkdirSync(folder)
    writeFileSync(join(folder, 'machine'), MACHINE)
    writeFileSync(join(folder, 'disk'), Buffer.alloc(2 << 20, 0x5a))
    const does = (...words: readonly string[]): string =>
      ['env', `NODE=${process.execPath}`, `CLI=${CLI}`, 'sh', join(folder, 'machine'), folder, ...words]
        .map((word) => `'${word}'`)
        .join(' ')
    try {
      const small = { cutAfter: '50ms-200ms', bootLimit: '60s', region: '0..1M' }
      const always = { rig: 'command', collector: url, campaign: 'c', ...small }
      await work({ client, folder, does, loop: (options) => loop(place, flags({ ...always, ...options })) })
    } finally {
      execFileSync('/bin/sh', ['-c', `${does('cut')} || true`], { stdio: 'ignore' })
      rmSync(folder, { recursive: true })
    }
  })
}

describe('loop over three commands', () => {
  it('cuts and restarts a machine that verifies by itself', (t) =>
    withMachine(t, async ({ client, does, loop: run }) => {
      const { status, result } = await run({
        cycles: '2',
        cache: 'writeback',
        startCommand: does('start'),
        cutCommand: does('cut'),
      })
      assert.equal(status, 0, JSON.stringify(result))
      assert.deepEqual(
        [result.rig, result.cut, result.image, result.cache],
        ['command', 'command', 'unknown', 'writeback'],
      )
      assert.deepEqual([result.summary.held, result.summary.verified], [2, 2])
      const ids = result.cycles.map(({ run: id }) => id)
      // The machine is on, and its agent begins the next run after the last verdict.
      const runs = await until('the next run', async () => {
        const page = await client.runs({ campaign: 'c' })
        return page.runs.length === 3 ? page.runs : undefined
      })
      const [underWay, ...cut] = runs
      assert.deepEqual([underWay?.cut, underWay?.verdict], [undefined, undefined])
      assert.deepEqual(cut.map(({ run: id }) => id).toReversed(), ids)
      for (const { cut: record, verdict } of cut) {
        assert.deepEqual([record?.kind, record?.died, record?.command?.status], ['command', true, 0])
        assert.match(record?.command?.text ?? '', /'cut'$/)
        assert.match(record?.note ?? '', /said last: power off/)
        assert.equal(verdict?.verdict, 'held')
      }
      for (const { run: id, seed, cycle } of result.cycles) {
        const { plan, environment } = (await client.run(id)).manifest
        assert.equal(plan.seed, seed, `cycle ${cycle} has the workload of its seed`)
        const names = { rig: 'command', image: 'unknown', cache: 'writeback', cut: 'command' }
        assert.deepEqual(environment.labels, names)
      }
    }))

  it('judges on this host what the recovery leaves, and goes on where that is not there', (t) =>
    withMachine(t, async ({ folder, does, loop: run }) => {
      const survivor = join(folder, 'survivor')
      const { status, result } = await run({
        cycles: '2',
        startCommand: does('start'),
        cutCommand: does('cut'),
        recoverCommand: does('once', 'true', `eval cp disk ${survivor}`),
        survivor,
      })
      assert.equal(status, 11, JSON.stringify(result))
      assert.deepEqual(
        result.cycles.map(({ word }) => word),
        ['inconclusive', 'held'],
      )
      assert.match(result.cycles[0]?.problem ?? '', /the verifier: .*survivor does not exist/)
      assert.ok((result.cycles[1]?.verdict?.checked.stableSectors ?? 0) > 0)
    }))

  it('accuses no disk that the next run writes on, nor one of somebody else', (t) =>
    withMachine(t, async ({ folder, does, loop: run }) => {
      const stranger = join(folder, 'stranger')
      writeFileSync(stranger, Buffer.alloc(2 << 20, 0xa5))
      const { status, result } = await run({
        cycles: '1',
        startCommand: does('start'),
        cutCommand: does('cut'),
        recoverCommand: 'true',
        survivor: stranger,
      })
      assert.equal(status, 11, JSON.stringify(result))
      assert.match(result.cycles[0]?.problem ?? '', /stranger holds not one sector of run/)
    }))

  it('acquits no disk of a machine that was only suspended', (t) =>
    withMachine(t, async ({ client, folder, does, loop: run }) => {
      const { status, result } = await run({
        cycles: '1',
        startCommand: does('start'),
        cutCommand: does('suspend'),
        recoverCommand: does('resume'),
        survivor: join(folder, 'disk'),
      })
      assert.equal(status, 11, JSON.stringify(result))
      const [cycle] = result.cycles
      assert.match(cycle?.problem ?? '', /went on after its cut: its log grew from \d+ to \d+ bytes/)
      assert.equal((await client.run(cycle?.run ?? '')).verdict, undefined)
    }))
})

describe('trouble with a machine is one cycle, not the loop', () => {
  it('a machine that never boots', (t) =>
    withMachine(t, async ({ loop: run }) => {
      const { status, result } = await run({
        cycles: '2',
        bootLimit: '300ms',
        startCommand: 'echo no bootable device',
        cutCommand: 'true',
      })
      assert.equal(status, 11)
      assert.equal(result.cycles.length, 2)
      for (const { word, problem } of result.cycles) {
        assert.equal(word, 'inconclusive')
        assert.match(problem ?? '', /no agent began a run of campaign c within 0\.3 s; the campaign has no run/)
        assert.match(problem ?? '', /its console said last: no bootable device; its power was cut/)
      }
    }))

  it('a cut that does not kill: the run goes on, and the next cycle cuts it', (t) =>
    withMachine(t, async ({ client, does, loop: run }) => {
      const { status, result } = await run({
        cycles: '2',
        startCommand: does('start'),
        cutCommand: does('once', 'echo done', 'cut'),
      })
      assert.equal(status, 11, JSON.stringify(result))
      const [first, second] = result.cycles
      assert.deepEqual([first?.word, first?.cut?.died, second?.word], ['inconclusive', false, 'held'])
      assert.match(first?.problem ?? '', /did not kill.*the log of run [0-9a-f]{16} goes on after the cut/)
      assert.equal(second?.run, first?.run)
      const view = await client.run(first?.run ?? '')
      assert.deepEqual([view.cut?.died, view.verdict?.verdict], [true, 'held'])
    }))

  it('a recovery that fails: the next cycle starts the machine, which verifies all the same', (t) =>
    withMachine(t, async ({ client, does, loop: run }) => {
      const { status, result } = await run({
        cycles: '2',
        startCommand: does('start'),
        cutCommand: does('cut'),
        recoverCommand: does('once', 'echo no such host; exit 3', 'start'),
      })
      assert.equal(status, 11, JSON.stringify(result))
      const [first, second] = result.cycles
      assert.deepEqual([first?.word, second?.word], ['inconclusive', 'held'])
      assert.match(first?.problem ?? '', /the recover command ended with status 3: .*no such host/)
      assert.equal((await client.run(first?.run ?? '')).verdict?.verdict, 'held')
    }))

  const commands: readonly (readonly [what: string, command: string, problem: RegExp])[] = [
    ['fails', 'echo cannot; exit 4', /the start command ended with status 4: cannot$/],
    ['is not there', '/nowhere/start', /the start command ended with status 127: .*not found/],
    ['hangs', 'echo trying; sleep 1000', /the start command did not end within 0\.5 s and was killed: trying$/],
  ]
  for (const [what, startCommand, problem] of commands) {
    it(`a command that ${what}`, (t) =>
      inPlace(async (place) => {
        const { url } = await startCollector(t, scratchFolder(t))
        const here = { rig: 'command', collector: url, campaign: 'c' }
        const options = { ...here, cycles: '2', commandLimit: '500ms', startCommand, cutCommand: 'true' }
        const { status, result } = await loop(place, flags(options))
        assert.equal(status, 11)
        assert.equal(result.cycles.length, 2)
        for (const cycle of result.cycles) assert.match(cycle.problem ?? '', problem)
      }))
  }

  it('a command under way when Ctrl-C comes is ended with it', (t) =>
    inPlace(async (place) => {
      const { url } = await startCollector(t, scratchFolder(t))
      const here = { rig: 'command', collector: url, campaign: 'c' }
      const mark = join(place.path, 'pid')
      const startCommand = `sleep 2000 & echo $! >${mark}.new; mv ${mark}.new ${mark}; wait`
      const child = place.start(['loop', ...flags({ ...here, startCommand, cutCommand: 'true' })])
      const outcome = ended(child)
      const pid = await until('the command', () => (existsSync(mark) ? Number(readFileSync(mark, 'utf8')) : undefined))
      child.kill('SIGINT')
      const { status, stderr } = await outcome
      assert.equal(status, 130, stderr)
      assert.ok(isGone(pid))
      rmSync(mark)
    }))
})

describe('trouble with a disk is one cycle, not the loop', () => {
  it('an image that vanishes under a running QEMU, and a QEMU that dies', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const child = place.start(['loop', '--json', ...flags({ cycles: '3', size: '1M', cutAfter: '1s' })])
      const outcome = ended(child)
      const part = async (of: string, cycle: string): Promise<string> =>
        until(`the ${of} of ${cycle}`, () =>
          processesNaming(place.path).find((line) => line.includes(of) && line.includes(cycle)),
        )
      const [target = ''] = /[^ ]*cycle-00001/.exec(await part(' agent --target ', 'cycle-00001')) ?? []
      rmSync(join(target, 'disk.qcow2'))
      await part(' agent --target ', 'cycle-00002')
      process.kill(Number((await part('qemu-storage-daemon', 'cycle-00002')).split(' ')[0]), 'SIGKILL')
      const { status, stdout, stderr } = await outcome
      assert.equal(status, 11, stderr)
      const { cycles }: CampaignResult = JSON.parse(stdout)
      assert.deepEqual(
        cycles.map(({ word }) => word),
        ['inconclusive', 'inconclusive', 'held'],
      )
      assert.match(cycles[0]?.problem ?? '', /disk\.qcow2 does not exist/)
      assert.match(cycles[1]?.problem ?? '', /qemu-storage-daemon/)
    })
  })
})

const BOTH = { rig: 'command', startCommand: 'true', cutCommand: 'true' }
const REFUSED: readonly (readonly [options: Options, message: RegExp])[] = [
  [{ rig: 'command' }, /--rig command needs --start-command/],
  [{ rig: 'command', startCommand: 'true' }, /--rig command needs --cut-command/],
  [{ ...BOTH, size: '1M' }, /--size does not go with --rig command/],
  [{ ...BOTH, jobs: '2' }, /--jobs 2 does not go with --rig command/],
  [{ ...BOTH, survivor: 'disk' }, /--survivor disk needs --recover-command: .* without starting the agent/],
  [{ ...BOTH, survivorFormat: 'raw' }, /--survivor-format goes with --survivor/],
  [{ ...BOTH, image: 'a b' }, /--image got "a b"/],
  [{ rig: 'sim', startCommand: 'true' }, /--start-command goes with --rig command, not with --rig sim/],
]
describe('options of the rig command', () => {
  for (const [options, message] of REFUSED) {
    it(`refuses ${flags(options).join(' ')}`, () => {
      const raw = Object.fromEntries(Object.entries(options))
      assert.throws(
        () => parseLoopOptions(raw),
        (error) => error instanceof ProbeError && error.code === 'BAD_OPTION' && message.test(error.message),
      )
    })
  }
})
