/** `plugpull agent --verify-first`, as a machine runs it at every boot; SIGKILL of the agent stands for the cut. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RunSummary } from '../../src/core/campaign/campaign.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { PlugpullProcess, plugpull, scratchFolder, startCollector, until } from '../support/plugpull-process.ts'

/** Sectors 0 to 7 are stable at the end of it, and most of the target is never touched. */
const SCRIPT = 'w 0+8; flush; w 16+8'
const SIZE_BYTES = 2 << 20

interface Lab {
  readonly url: string
  readonly client: CollectorClient
  readonly target: string
  /** Arguments of the agent at every boot. */
  readonly boot: readonly string[]
  /** Newest first. */
  runs(): Promise<readonly RunSummary[]>
}

async function openLab(t: TestContext): Promise<Lab> {
  const folder = scratchFolder(t)
  const target = join(folder, 'target')
  writeFileSync(target, Buffer.alloc(SIZE_BYTES, 0x5a))
  const { url } = await startCollector(t, folder)
  const client = new CollectorClient(url)
  t.after(() => client.close())
  const boot = ['agent', '--target', target, '--collector', url, '--campaign', 'c', '--verify-first']
  return {
    url,
    client,
    target,
    boot: [...boot, '--script', SCRIPT, '--hold'],
    runs: async () => (await client.runs({ campaign: 'c' })).runs,
  }
}

/** Switches the machine on, waits until its run is held, and cuts its power. Resolves to the run. */
async function bootAndCut(t: TestContext, lab: Lab, ...more: readonly string[]): Promise<string> {
  const before = (await lab.runs()).length
  const agent = new PlugpullProcess(t, [...lab.boot, ...more])
  const run = await until('a run that holds', async () => {
    assert.ok(!agent.isOver, agent.stderr)
    const [newest, ...older] = await lab.runs()
    return newest?.progress?.state === 'holding' && older.length === before ? newest.run : undefined
  })
  await agent.kill('SIGKILL')
  return run
}

function damage(path: string, at: number, bytes: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(bytes), 0, bytes, at)
  closeSync(file)
}

test('each boot verifies the run before it, publishes the verdict and begins the next run', async (t) => {
  const lab = await openLab(t)
  const first = await bootAndCut(t, lab)
  assert.equal((await lab.client.run(first)).verdict, undefined)
  const second = await bootAndCut(t, lab)
  assert.equal((await lab.client.run(first)).verdict?.verdict, 'held')
  damage(lab.target, 0, 4096)
  await bootAndCut(t, lab)
  const { verdict, verdicts } = await lab.client.run(second)
  assert.deepEqual([verdict?.verdict, verdict?.violations.lost, verdicts.length], ['violation', 1, 1])
  assert.equal((await lab.client.run(first)).verdicts.length, 1, 'a run that has its verdict is not verified again')
})

test('a run that somebody verified already is left alone', async (t) => {
  const lab = await openLab(t)
  const first = await bootAndCut(t, lab)
  const verified = await plugpull(t, 'verify', '--target', lab.target, '--run', first, '--collector', lab.url)
  assert.equal(verified.status, 0, verified.stderr)
  await bootAndCut(t, lab, '--contract', 'write-through')
  const { verdicts } = await lab.client.run(first)
  assert.deepEqual(
    verdicts.map(({ contract }) => contract),
    ['volatile'],
  )
})

test('--stop-on-violation keeps the evidence, at this boot and at every further one', async (t) => {
  const lab = await openLab(t)
  const first = await bootAndCut(t, lab)
  damage(lab.target, 0, 4096)
  const evidence = readFileSync(lab.target)
  for (let boot = 0; boot < 2; boot++) {
    const { status, stdout, stderr } = await plugpull(t, ...lab.boot, '--stop-on-violation', '--json', '--quiet')
    assert.equal(status, 10, stderr)
    const result: unknown = JSON.parse(stdout)
    assert.deepEqual(result, {
      schema: 'plugpull.agent/1',
      target: lab.target,
      ended: 'violation',
      verifiedFirst: { run: first, verdict: 'violation' },
    })
    assert.deepEqual(readFileSync(lab.target), evidence)
  }
  assert.equal((await lab.runs()).length, 1)
  assert.equal((await lab.client.run(first)).verdicts.length, 1)
})

test('where the last run cannot be verified nothing is written', async (t) => {
  const lab = await openLab(t)
  const first = await bootAndCut(t, lab)
  const [device] = [(await lab.client.run(first)).manifest.device]
  // Another disk under the same name.
  const other = Buffer.alloc(SIZE_BYTES, 0xa5)
  writeFileSync(lab.target, other)
  const { status, stderr } = await plugpull(t, ...lab.boot)
  assert.equal(status, 64, stderr)
  assert.match(stderr, /^plugpull: TARGET_MISMATCH: run [0-9a-f]{16}, the last of campaign c on .*nothing was written/m)
  assert.match(stderr, /--device-name or a --campaign of its own/)
  assert.deepEqual(readFileSync(lab.target), other)
  const [only, ...more] = await lab.runs()
  assert.deepEqual([only?.run, only?.verdict, more], [first, undefined, []])
  // The other disk by a name of its own is another device, and nothing was left on it.
  const named = await bootAndCut(t, lab, '--device-name', 'other')
  assert.notEqual((await lab.client.run(named)).manifest.device, device)
})

test('a target in use is not judged', async (t) => {
  const lab = await openLab(t)
  const agent = new PlugpullProcess(t, lab.boot)
  const [run] = await until('a run that holds', async () => {
    const runs = await lab.runs()
    return runs[0]?.progress?.state === 'holding' ? runs : undefined
  })
  const { status, stderr } = await plugpull(t, ...lab.boot)
  assert.equal(status, 77, stderr)
  assert.match(stderr, /^plugpull: TARGET_IN_USE: /m)
  assert.equal((await lab.client.run(run?.run ?? '')).verdict, undefined)
  await agent.kill('SIGKILL')
})

test('a run that was cut before it had a log is passed over', async (t) => {
  const lab = await openLab(t)
  const first = await bootAndCut(t, lab)
  const { manifest } = await lab.client.run(first)
  const empty = 'ffffffffffffffff'
  await lab.client.createRun(empty, 'c', { ...manifest, run: empty })
  await bootAndCut(t, lab)
  assert.equal((await lab.client.run(first)).verdict?.verdict, 'held')
  assert.equal((await lab.client.run(empty)).verdict, undefined)
})

test('a collector out of reach: exit 69, and nothing is written', async (t) => {
  const target = join(scratchFolder(t), 'target')
  writeFileSync(target, Buffer.alloc(SIZE_BYTES))
  const args = ['agent', '--target', target, '--collector', 'http://127.0.0.1:9', '--verify-first']
  const { status, stderr } = await plugpull(t, ...args)
  assert.equal(status, 69, stderr)
  assert.match(stderr, /^plugpull: COLLECTOR_UNREACHABLE: /m)
})

const STRAY: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['--log', '/nowhere/log', '--verify-first'], /--verify-first goes with --collector/],
  [['--collector', 'http://127.0.0.1:9', '--stop-on-violation'], /--stop-on-violation goes with --verify-first/],
  [['--collector', 'http://127.0.0.1:9', '--contract', 'volatile'], /--contract goes with --verify-first/],
  [['--collector', 'http://127.0.0.1:9', '--device-name', ''], /--device-name got ""/],
]
for (const [args, message] of STRAY) {
  test(`refuses ${args.join(' ')}`, async (t) => {
    const { status, stderr } = await plugpull(t, 'agent', '--target', '/nowhere/target', ...args)
    assert.equal(status, 64, stderr)
    assert.match(stderr, message)
  })
}
