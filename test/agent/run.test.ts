/** Whole runs on files and loop devices: the log keeps every rule, and the target holds what the log says. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { openLab } from '../io/lab.ts'
import { checkContents, checkRecords, countOf, readLog } from './evidence.ts'
import { agent, resultOf } from './program.ts'

const MIB = 2 ** 20

const runs: readonly (readonly [string, ...string[]])[] = [
  ['one at a time', '--writes', '500'],
  ['queue depth 4', '--queue-depth', '4', '--writes', '2000'],
  ['queue depth 16, formatted', '--queue-depth', '16', '--writes', '2000', '--baseline', 'format'],
  ['queue depth 64, concurrent flushes', '--queue-depth', '64', '--flush-mode', 'concurrent', '--writes', '3000'],
  ['concurrent flushes on a queue of one', '--flush-mode', 'concurrent', '--flush-every', '2', '--writes', '500'],
  [
    'spans of sizes on a hot spot',
    '--workload',
    'hotspot',
    '--write-size',
    '512-64k',
    '--queue-depth',
    '8',
    '--writes',
    '1000',
  ],
  [
    'overlapping writes in flight',
    '--workload',
    'hotspot',
    '--queue-depth',
    '8',
    '--overlap-in-flight',
    '--writes',
    '1000',
  ],
  ['flushes by the clock', '--flush-interval', '3', '--queue-depth', '4', '--writes', '2000'],
  [
    'flushes by the clock, concurrent',
    '--flush-interval',
    '3',
    '--flush-mode',
    'concurrent',
    '--queue-depth',
    '4',
    '--writes',
    '2000',
  ],
  ['FUA and no flush', '--fua', '40', '--flush-never', '--queue-depth', '2', '--writes', '300'],
  ['every write stable', '--io', 'dsync', '--flush-never', '--queue-depth', '2', '--writes', '300'],
  ['through the page cache', '--io', 'buffered', '--queue-depth', '2', '--writes', '500'],
  ['commits waited for', '--commit', 'wait', '--queue-depth', '4', '--writes', '300'],
  [
    'commits waited for, concurrent',
    '--commit',
    'wait',
    '--flush-mode',
    'concurrent',
    '--queue-depth',
    '4',
    '--writes',
    '300',
  ],
  ['a write-ahead log', '--workload', 'wal', '--queue-depth', '4', '--writes', '300'],
  ['a script', '--script', 'w 8+16; flush; w 0+16 fua; sleep 150ms; w 4+4; w 5+4; flush; flush', '--queue-depth', '4'],
  ['a part of the target', '--region', '1M..2M', '--write-size', '16k', '--writes', '200', '--baseline', 'format'],
]

/** Each way for requests to go out that such a run can have. */
const enginesOf = (options: readonly string[]): readonly string[] =>
  options.includes('--queue-depth') && !options.includes('buffered') ? ['psync', 'aio'] : ['psync']

const cases = runs.flatMap(([name, ...options]) => enginesOf(options).map((engine) => ({ name, options, engine })))

for (const { name, options, engine } of cases) {
  test(`a file: ${name}, ${engine}`, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const target = lab.file('target', 8 * MIB, { 0: randomBytes(5 * MIB) })
    const log = lab.scratch.file('log')
    const result = resultOf(await agent(t, '--target', target, '--log', log, '--io-engine', engine, ...options), 0)
    const evidence = readLog(log)
    assert.equal(evidence.manifest.ioEngine, engine)
    assert.equal(evidence.end.tail, 'clean')
    checkRecords(evidence)
    if (!evidence.manifest.overlapInFlight) checkContents(evidence, target)
    assert.equal(countOf(evidence, 'end'), 1)
    assert.equal(countOf(evidence, 'complete'), countOf(evidence, 'issue'))
    assert.deepEqual(
      [result['ended'], result['issued'], result['completed'], result['flushes']],
      ['writes', countOf(evidence, 'issue'), countOf(evidence, 'complete'), countOf(evidence, 'flush-complete')],
    )
    const writes = options[options.indexOf('--writes') + 1]
    if (options.includes('--writes')) assert.equal(result['issued'], Number(writes))
  })
}

for (const logicalBlockBytes of [512, 4096]) {
  for (const io of ['direct', 'buffered', 'dsync']) {
    test(`a loop device of ${logicalBlockBytes}-byte blocks, ${io}`, async (t) => {
      const lab = openLab(t, ['root', 'losetup'])
      if (lab === undefined) return
      const backing = lab.file('backing', 8 * MIB, { 0: randomBytes(8 * MIB) })
      const target = lab.loop(backing, { logicalBlockBytes })
      const log = lab.scratch.file('log')
      const options = [
        '--io',
        io,
        '--queue-depth',
        '4',
        '--writes',
        '300',
        '--fua',
        '10',
        '--write-size',
        `${logicalBlockBytes}-32k`,
      ]
      resultOf(await agent(t, '--target', target, '--log', log, ...options), 0)
      const evidence = readLog(log)
      checkRecords(evidence)
      lab.run('blockdev', '--flushbufs', target)
      checkContents(evidence, backing)
      const { manifest } = evidence
      assert.equal(manifest.target.logicalBlockBytes, logicalBlockBytes)
      assert.equal(manifest.plan.alignSectors, logicalBlockBytes / 512)
      assert.equal(manifest.contract, io === 'dsync' ? 'write-through' : 'volatile')
    })
  }
}

test('writes below the logical block are refused before anything is written', async (t) => {
  const lab = openLab(t, ['root', 'losetup'])
  if (lab === undefined) return
  const target = lab.loop(lab.file('backing', MIB), { logicalBlockBytes: 4096 })
  const ended = await agent(t, '--target', target, '--log', lab.scratch.file('log'), '--write-size', '512')
  assert.equal(ended.status, 64)
  assert.match(ended.stderr, /REGION_UNALIGNED: --write-size is 512 bytes/)
})

test('a duration ends the run, and the same seed writes the same again', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', 4 * MIB)
  const [first, second] = [lab.scratch.file('first'), lab.scratch.file('second')]
  const result = resultOf(
    await agent(t, '--target', target, '--log', first, '--duration', '300ms', '--seed', '7', '--label', 'cache=none'),
    0,
  )
  assert.equal(result['ended'], 'duration')
  resultOf(
    await agent(
      t,
      '--target',
      target,
      '--log',
      second,
      '--writes',
      '10',
      '--seed',
      '7',
      '--run-id',
      '00000000000000aa',
    ),
    0,
  )
  const [one, other] = [readLog(first).manifest, readLog(second).manifest]
  assert.deepEqual(one.plan, other.plan)
  assert.equal(one.device, other.device)
  assert.deepEqual(one.environment.labels, { cache: 'none' })
  assert.equal(other.run, '00000000000000aa')
})

test('windows grow with the pace, and stay bounded', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', 4 * MIB)
  const log = lab.scratch.file('log')
  resultOf(
    await agent(t, '--target', target, '--log', log, '--io', 'buffered', '--flush-never', '--writes', '50000'),
    0,
  )
  const evidence = readLog(log)
  checkRecords(evidence)
  const tops = evidence.records.filter(({ kind }) => kind === 'window').map(({ id }) => id)
  assert.equal(tops[0], 64)
  assert(tops.length < 60, 'a fast target is not asked for every few writes')
  assert.equal(tops.at(-1), 50_000, 'no window beyond the last write')
})
