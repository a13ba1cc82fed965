/** Which engine a run gets, and that it does without where asynchronous I/O cannot be had. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { openLab } from '../io/lab.ts'
import { checkContents, checkRecords, readLog } from './evidence.ts'
import { Program, agent, resultOf } from './program.ts'

const MIB = 2 ** 20
const BUNDLE = fileURLToPath(new URL('../../guest/plugpull.cjs', import.meta.url))

const choices: readonly (readonly [string, string, ...string[]])[] = [
  ['one write in flight', 'psync'],
  ['three writes in flight', 'psync', '--queue-depth', '3'],
  ['four writes in flight', 'aio', '--queue-depth', '4'],
  ['four through the page cache', 'psync', '--queue-depth', '4', '--io', 'buffered'],
  ['one of 64 KiB', 'aio', '--write-size', '64k'],
  ['four by threads', 'psync', '--queue-depth', '4', '--io-engine', 'psync'],
  ['one, insisted upon', 'aio', '--io-engine', 'aio'],
]

for (const [what, engine, ...options] of choices)
  test(`${what}: ${engine}`, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const log = lab.scratch.file('log')
    const target = lab.file('target', MIB)
    resultOf(await agent(t, '--target', target, '--log', log, '--writes', '20', ...options), 0)
    assert.equal(readLog(log).manifest.ioEngine, engine)
  })

test('asynchronous I/O through the page cache is refused, with the way out', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', MIB)
  const options = ['--io', 'buffered', '--io-engine', 'aio']
  const ended = await agent(t, '--target', target, '--log', lab.scratch.file('log'), ...options)
  assert.equal(ended.status, 64)
  assert.match(
    ended.stderr,
    /BAD_OPTION: --io-engine aio cannot be had: the target is not open for direct I\/O; take --io-engine auto or psync/,
  )
})

test('a bundle has threads instead, says why, and loads no package from where it is started', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const planted = lab.scratch.file('node_modules/koffi')
  const loaded = lab.scratch.file('loaded')
  mkdirSync(planted, { recursive: true })
  writeFileSync(join(planted, 'index.js'), `require('node:fs').writeFileSync(${JSON.stringify(loaded)}, '')`)
  const program = lab.scratch.file('plugpull.cjs')
  copyFileSync(BUNDLE, program)
  const target = lab.file('target', MIB)
  const log = lab.scratch.file('log')
  const options = ['agent', '--target', target, '--log', log, '--queue-depth', '4', '--writes', '200']
  const ended = spawnSync(process.execPath, [program, ...options], {
    cwd: lab.scratch.path,
    encoding: 'utf8',
    timeout: 60_000,
  })
  assert.equal(ended.status, 0, ended.stderr)
  assert.match(
    ended.stderr,
    /a thread for each write in flight, not one for all: the program is packed as one file, without/,
  )
  assert.ok(!existsSync(loaded))
  const evidence = readLog(log)
  assert.equal(evidence.manifest.ioEngine, 'psync')
  checkRecords(evidence)
  checkContents(evidence, target)
})

test('why there are threads instead is said once, and not where nobody would have had it otherwise', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', MIB)
  const told = async (...options: string[]): Promise<string> => {
    const log = lab.scratch.file(`log-${options.join('')}`)
    const args = ['agent', '--target', target, '--log', log, '--writes', '5', '--io', 'buffered', ...options]
    return (await new Program(t, args).ended).stderr
  }
  assert.match(await told('--queue-depth', '8'), /not one for all: the target is not open for direct I\/O/)
  assert.doesNotMatch(await told('--queue-depth', '2'), /not one for all/)
})
