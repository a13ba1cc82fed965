/** How runs end otherwise: signals, a target or a log that fails, a collector that is not there. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { openLab } from '../io/lab.ts'
import { checkAnnounced, checkContents, checkRecords, countOf, readLog } from './evidence.ts'
import { Program, agent, resultOf, until } from './program.ts'
import { assertErrorDocument } from '../support/error-document.ts'

const MIB = 2 ** 20

/** Waits until the log holds more than the manifest and the baseline: the run is under way. */
async function untilWriting(log: string): Promise<void> {
  await until('the first writes', () =>
    existsSync(log) && statSync(log).size > 0 && countOf(readLog(log), 'complete') > 100 ? true : undefined,
  )
}

for (const engine of ['psync', 'aio'])
  test(`SIGTERM: what is in flight is finished, the log is complete, exit 130, ${engine}`, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const target = lab.file('target', 4 * MIB)
    const log = lab.scratch.file('log')
    const program = new Program(t, [
      'agent',
      '--json',
      '--quiet',
      '--target',
      target,
      '--log',
      log,
      '--queue-depth',
      '4',
      '--baseline',
      'format',
      '--io-engine',
      engine,
    ])
    await untilWriting(log)
    program.child.kill('SIGTERM')
    const result = resultOf(await program.ended, 130)
    assert.equal(result['ended'], 'signal')
    const evidence = readLog(log)
    checkRecords(evidence)
    checkContents(evidence, target)
    assert.equal(countOf(evidence, 'end'), 1)
    assert.equal(countOf(evidence, 'complete'), result['completed'])
  })

for (const engine of ['psync', 'aio'])
  test(`SIGKILL: the prefix of the log that is there decodes and keeps every rule, ${engine}`, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const target = lab.file('target', 4 * MIB)
    const log = lab.scratch.file('log')
    const program = new Program(t, [
      'agent',
      '--quiet',
      '--target',
      target,
      '--log',
      log,
      '--queue-depth',
      '16',
      '--baseline',
      'format',
      '--io-engine',
      engine,
    ])
    await untilWriting(log)
    program.child.kill('SIGKILL')
    await program.ended
    const evidence = readLog(log)
    checkRecords(evidence)
    checkAnnounced(evidence, target)
    assert.equal(countOf(evidence, 'end'), 0)
  })

test('--hold keeps the target open and time passing, until a signal', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', 4 * MIB)
  const log = lab.scratch.file('log')
  const program = new Program(t, [
    'agent',
    '--json',
    '--quiet',
    '--target',
    target,
    '--log',
    log,
    '--writes',
    '50',
    '--hold',
  ])
  await until('ticks after the end', () => {
    if (!existsSync(log) || statSync(log).size === 0) return undefined
    const { records } = readLog(log)
    const end = records.findIndex(({ kind }) => kind === 'end')
    return end >= 0 && records.length > end + 5 ? true : undefined
  })
  assert.equal(program.child.exitCode, null)
  const { pid } = program.child
  const open = lab.run('sh', '-c', `ls -l /proc/${String(pid)}/fd`)
  assert.match(open, /target/)
  program.child.kill('SIGINT')
  const result = resultOf(await program.ended, 130)
  assert.equal(result['issued'], 50)
  const evidence = readLog(log)
  checkRecords(evidence)
  const ticks = evidence.records.filter(({ kind }) => kind === 'tick').map(({ timeUs }) => timeUs)
  assert(ticks.length > 5)
})

test('a log that runs full ends the run: LOG_IO, exit 74, the rest is as it should be', async (t) => {
  const lab = openLab(t, ['root'])
  if (lab === undefined) return
  const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=64k')
  const target = lab.file('target', 4 * MIB)
  const log = join(folder, 'log')
  const ended = await agent(
    t,
    '--target',
    target,
    '--log',
    log,
    '--queue-depth',
    '4',
    '--baseline',
    'format',
    '--io',
    'buffered',
  )
  assert.equal(ended.status, 74, ended.stderr)
  assert.match(ended.stderr, /^plugpull: LOG_IO: .*ENOSPC/m)
  checkRecords(readLog(log))
})

test('a target that fails: the failed write is recorded, the run ends, exit 74', async (t) => {
  const lab = openLab(t, ['root'])
  if (lab === undefined) return
  const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=4m')
  const target = join(folder, 'target')
  writeFileSync(target, '')
  truncateSync(target, 2 * MIB)
  const log = lab.scratch.file('log')
  const options = ['--io', 'buffered', '--script', 'w 0+8; flush; sleep 2s; w 2048+8; w 8+8', '--queue-depth', '2']
  const program = new Program(t, ['agent', '--json', '--quiet', '--target', target, '--log', log, ...options])
  await until('the first flush', () =>
    existsSync(log) && statSync(log).size > 0 && countOf(readLog(log), 'flush-complete') > 0 ? true : undefined,
  )
  assert.throws(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(8 * MIB)), /ENOSPC/)
  const ended = await program.ended
  const result = resultOf(ended, 74)
  assert.equal(result['ended'], 'failed')
  assert.match(
    ended.stderr,
    /TARGET_IO: .*write [23] failed with ENOSPC; the run ended there and nothing was tried again/,
  )
  const evidence = readLog(log)
  checkRecords(evidence)
  const failed = evidence.records.filter(({ kind }) => kind === 'failed')
  assert(failed.length >= 1 && failed.every(({ errno }) => errno === 28))
  assert.equal(countOf(evidence, 'end'), 1, 'the log says that nothing follows')
})

for (const engine of ['psync', 'aio'])
  test(`a loop device whose backing fails: EIO, recorded, ${engine}`, async (t) => {
    const lab = openLab(t, ['root', 'losetup'])
    if (lab === undefined) return
    const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=4m')
    const backing = join(folder, 'backing')
    writeFileSync(backing, '')
    truncateSync(backing, 2 * MIB)
    const target = lab.loop(backing)
    const log = lab.scratch.file('log')
    const options = ['--script', 'w 0+8; flush; sleep 2s; w 2048+8; flush', '--io-engine', engine]
    const program = new Program(t, ['agent', '--json', '--quiet', '--target', target, '--log', log, ...options])
    await until('the first flush', () =>
      existsSync(log) && statSync(log).size > 0 && countOf(readLog(log), 'flush-complete') > 0 ? true : undefined,
    )
    assert.throws(() => writeFileSync(join(folder, 'filler'), Buffer.alloc(8 * MIB)), /ENOSPC/)
    resultOf(await program.ended, 74)
    const evidence = readLog(log)
    checkRecords(evidence)
    const failed = evidence.records.filter(({ kind }) => kind === 'failed' || kind === 'flush-failed')
    assert.equal(failed.length, 1)
    assert(failed.every(({ errno }) => errno === 5 || errno === 28))
  })

test('no collector: exit 69 at once, and not a byte of the target was written', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const target = lab.file('target', MIB, { 0: randomBytes(MIB) })
  const before = readFileSync(target)
  const ended = await agent(
    t,
    '--target',
    target,
    '--collector',
    'http://127.0.0.1:9',
    '--baseline',
    'format',
    '--writes',
    '10',
  )
  assert.equal(ended.status, 69)
  assert.match(ended.stderr, /^plugpull: COLLECTOR_UNREACHABLE: .*127\.0\.0\.1:9/m)
  assert.deepEqual(readFileSync(target), before)
})

const refusals: readonly (readonly [string, number, RegExp, readonly string[]])[] = [
  ['neither --log nor --collector', 64, /BAD_OPTION: agent takes one of --collector URL and --log FILE/, []],
  ['an unknown workload', 64, /BAD_OPTION: --workload got "x"/, ['--log', 'L', '--workload', 'x']],
  ['an unknown option', 64, /BAD_OPTION: .*--nope/, ['--log', 'L', '--nope']],
  ['a bad run id', 64, /--run-id got "1"/, ['--log', 'L', '--run-id', '1']],
  ['a bad label', 64, /--label got "x"/, ['--log', 'L', '--label', 'x']],
  ['a region beyond the target', 77, /TARGET_TOO_SMALL/, ['--log', 'L', '--region', '0..1G']],
]
for (const [what, status, message, options] of refusals) {
  test(`refused: ${what}`, async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const target = lab.file('target', MIB)
    const log = lab.scratch.file('log')
    const ended = await agent(t, '--target', target, ...options.map((option) => (option === 'L' ? log : option)))
    assert.equal(ended.status, status, ended.stderr)
    assert.match(ended.stderr, message)
    assertErrorDocument(ended.stdout, /^(BAD_OPTION|TARGET_TOO_SMALL)$/)
    assert(!existsSync(log), 'no log is begun')
  })
}

test('a log is never overwritten', async (t) => {
  const lab = openLab(t)
  if (lab === undefined) return
  const log = lab.file('log', 512)
  const ended = await agent(t, '--target', lab.file('target', MIB), '--log', log)
  assert.equal(ended.status, 64)
  assert.match(ended.stderr, /LOG_EXISTS/)
  assert.equal(statSync(log).size, 512)
})
