/** The log at a real collector, which dies and comes back: no record is lost or doubled, and the run goes on. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { type Lab, openLab } from '../io/lab.ts'
import { checkContents, checkRecords, countOf, decodeLog } from './evidence.ts'
import { Program, resultOf, until } from './program.ts'

const MIB = 2 ** 20
const RUN = '00000000000000c0'

/** Starts a collector, on the port given or one of its own. */
async function collector(t: TestContext, lab: Lab, port = '0'): Promise<{ program: Program; port: string }> {
  const portFile = lab.scratch.file(`port-${Math.floor(performance.now() * 1000)}`)
  const store = `sqlite:${lab.scratch.file('store.db')}`
  const program = new Program(t, [
    'collector',
    '--listen',
    `127.0.0.1:${port}`,
    '--store',
    store,
    '--port-file',
    portFile,
  ])
  const bound = await until('the collector', () =>
    existsSync(portFile) ? readFileSync(portFile, 'utf8').trim() || undefined : undefined,
  )
  return { program, port: bound }
}

async function kill(program: Program): Promise<void> {
  program.child.kill('SIGKILL')
  await program.ended
}

test('the collector is killed twice during a run', { timeout: 120_000 }, async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', 4 * MIB)
  let { program, port } = await collector(t, lab)
  const url = `http://127.0.0.1:${port}`
  const client = new CollectorClient(url)
  t.after(() => client.close())
  const options = ['--queue-depth', '4', '--flush-every', '8', '--baseline', 'format', '--duration', '6s']
  const agent = new Program(t, [
    'agent',
    '--json',
    '--quiet',
    '--target',
    target,
    '--collector',
    url,
    '--run-id',
    RUN,
    ...options,
  ])
  await until('the first writes', async () =>
    (await client.run(RUN).catch(() => undefined))?.progress?.state === 'writing' ? true : undefined,
  )
  for (let death = 0; death < 2; death++) {
    await kill(program)
    await new Promise((resolve) => setTimeout(resolve, 300))
    ;({ program } = await collector(t, lab, port))
    const { bytes } = await client.run(RUN)
    await until('the log to go on', async () => ((await client.run(RUN)).bytes > bytes ? true : undefined))
  }
  const result = resultOf(await agent.ended, 0)
  const chunks: Uint8Array[] = []
  for await (const chunk of client.readLog(RUN)) chunks.push(chunk)
  const evidence = decodeLog(Buffer.concat(chunks))
  assert.equal(evidence.end.tail, 'clean')
  checkRecords(evidence)
  checkContents(evidence, target)
  assert.equal(countOf(evidence, 'complete'), result['completed'])
  assert.equal(result['ended'], 'duration')
  assert.equal((await client.run(RUN)).progress?.state, 'done')
})

test('a collector that stays away ends the run after the time given: exit 69', { timeout: 120_000 }, async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', 4 * MIB)
  const { program, port } = await collector(t, lab)
  const url = `http://127.0.0.1:${port}`
  const client = new CollectorClient(url)
  t.after(() => client.close())
  const agent = new Program(t, [
    'agent',
    '--quiet',
    '--target',
    target,
    '--collector',
    url,
    '--run-id',
    RUN,
    '--collector-timeout',
    '1s',
  ])
  await until('the first writes', async () =>
    (await client.run(RUN).catch(() => undefined))?.progress?.state === 'writing' ? true : undefined,
  )
  await kill(program)
  const ended = await agent.ended
  assert.equal(ended.status, 69, ended.stderr)
  assert.match(ended.stderr, /^plugpull: COLLECTOR_UNREACHABLE: /m)
})
