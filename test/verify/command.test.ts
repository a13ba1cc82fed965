/** `plugpull verify` as a user runs it: a process with options, output and an exit status. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleepMs } from 'node:timers/promises'
import { type TestContext, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { type HandMade, RUN, handMade, testFolder } from './hand-made.ts'
import { assertErrorDocument } from '../support/error-document.ts'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const LIMIT_MS = 120_000

interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Most memory that the process held, in MiB. */
  readonly peakMiB: number
}

function start(t: TestContext, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, NO_COLOR: '' } })
  t.after(() => child.kill('SIGKILL'))
  return child
}

async function plugpull(t: TestContext, ...args: string[]): Promise<Outcome> {
  const child = start(t, args)
  const output = { stdout: '', stderr: '' }
  let peakMiB = 0
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  const watch = setInterval(() => (peakMiB = Math.max(peakMiB, peakOf(child.pid))), 50)
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  try {
    await once(child, 'close')
    return { status: child.exitCode, ...output, peakMiB }
  } finally {
    clearInterval(watch)
    clearTimeout(limit)
  }
}

/** Peak resident memory; 0 once the process is gone. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kib = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kib) / 1024
  } catch {
    return 0
  }
}

const verifyLog = (t: TestContext, made: HandMade, ...more: string[]): Promise<Outcome> =>
  plugpull(t, 'verify', '--target', made.target, '--log', made.log, ...more)

function assertRefused(outcome: Outcome, status: number, pattern: RegExp): void {
  assert.match(outcome.stderr, pattern)
  assert.equal(outcome.status, status)
  assert.doesNotMatch(outcome.stderr, /\n\s+at /, 'no stack trace')
  if (outcome.stdout === '') return
  assertErrorDocument(outcome.stdout, /^[A-Z_]+$/)
}

describe('plugpull verify', () => {
  const options = { writes: 20, flushEvery: 1 } as const

  it('ends with the status of the verdict, and prints what was asked for', async (t) => {
    const made = handMade(testFolder(t), options)
    const held = await verifyLog(t, made)
    assert.deepEqual([held.status, held.stderr], [0, ''])
    assert.match(held.stdout, /^HELD: 160 stable sectors checked/)
    truncateSync(made.target, 512)
    const violation = await verifyLog(t, made, '--json')
    assert.equal(violation.status, 10)
    assert.equal(JSON.parse(violation.stdout).verdict, 'violation')
    const unstable = handMade(testFolder(t), { writes: 20, flushEvery: 0 })
    const inconclusive = await verifyLog(t, unstable, '--format', 'junit')
    assert.equal(inconclusive.status, 11)
    assert.match(inconclusive.stdout, /^<\?xml .*\n.*errors="1"/)
  })

  it('caps the findings and not the counts', async (t) => {
    const made = handMade(testFolder(t), { ...options, flushEvery: 2, contents: 'baseline' })
    const { stdout } = await verifyLog(t, made, '--json', '--findings-max', '3')
    const verdict = JSON.parse(stdout)
    assert.equal(verdict.findings.length, 3)
    assert.equal(verdict.violations.lost, 20)
    assert.ok(verdict.findingsOmitted > 0)
  })

  it('names a bad option, what it got and what it takes', async (t) => {
    const made = handMade(testFolder(t), options)
    const target = ['verify', '--target', made.target]
    for (const [args, pattern] of [
      [[...target], /BAD_OPTION: the log of the run is missing; give --run with --collector, or --log/],
      [[...target, '--run', RUN, '--log', made.log], /BAD_OPTION: --run and --log exclude each other/],
      [[...target, '--run', RUN], /BAD_OPTION: --run needs --collector/],
      [[...target, '--run', 'zz', '--collector', 'http://127.0.0.1:1'], /BAD_OPTION: --run got "zz"/],
      [[...target, '--log', made.log, '--collector', 'http://127.0.0.1:1'], /BAD_OPTION: --collector goes with --run/],
      [
        [...target, '--log', made.log, '--format', 'html'],
        /BAD_OPTION: --format got "html"; it takes text, json, junit/,
      ],
      [[...target, '--log', made.log, '--format', 'text', '--json'], /BAD_OPTION: --json and --format text exclude/],
      [[...target, '--log', made.log, '--contract', 'always'], /BAD_OPTION: --contract "always"/],
      [[...target, '--log', made.log, '--findings-max', '-1'], /--findings-max/],
      [[...target, '--log', made.log, '--target-format', 'vdi'], /--target-format/],
      [['verify', '--log', made.log], /--target/],
    ] as const) {
      assertRefused(await plugpull(t, ...args), 64, pattern)
    }
  })

  it('refuses what it cannot read with the status of the error', async (t) => {
    const made = handMade(testFolder(t), options)
    assertRefused(await verifyLog(t, { ...made, target: `${made.target}.gone` }), 77, /TARGET_MISSING: .*gone/)
    assertRefused(await verifyLog(t, { ...made, log: `${made.log}.gone` }, '--json'), 64, /LOG_MISSING: .*gone/)
    writeFileSync(made.log, 'nonsense that is long enough to be a header')
    assertRefused(await verifyLog(t, made), 64, /LOG_UNREADABLE/)
    const unreachable = ['--run', RUN, '--collector', 'http://127.0.0.1:1']
    assertRefused(await plugpull(t, 'verify', '--target', made.target, ...unreachable), 69, /COLLECTOR_UNREACHABLE/)
  })

  it('shows an example and the exit statuses', async (t) => {
    const { status, stdout } = await plugpull(t, 'verify', '--help')
    assert.equal(status, 0)
    assert.match(stdout, /plugpull verify --target/)
    assert.match(stdout, /Exit status:[^]*\b10\b[^]*\b11\b[^]*\b64\b/)
  })

  it('reads a sparse file of 4 GiB in little memory, and can be interrupted while it does', async (t) => {
    const gigabytes = {
      writes: 200_000,
      flushEvery: 16,
      sizeSectors: 8_388_608,
      baseline: 'scan',
      contents: 'nothing',
    } as const
    const plan = { workload: 'random', region: { lba: 0, sectors: 8_388_608 } }
    const made = handMade(testFolder(t), { ...gigabytes, plan })
    const { status, stdout, peakMiB } = await verifyLog(t, made, '--json', '--same-target')
    assert.equal(status, 10)
    assert.equal(JSON.parse(stdout).checked.sectors, 8_388_608)
    assert.ok(peakMiB > 0 && peakMiB < 300, `${peakMiB} MiB`)
    t.diagnostic(`peak memory ${Math.round(peakMiB)} MiB`)
    const child = start(t, ['verify', '--target', made.target, '--log', made.log, '--same-target'])
    await untilOpen(child, made.target)
    child.kill('SIGINT')
    await once(child, 'exit')
    assert.equal(child.exitCode, 130)
  })
})

/** Waits until the process has the file open. */
async function untilOpen(child: ChildProcess, path: string): Promise<void> {
  const folder = `/proc/${child.pid}/fd`
  const isOpen = (): boolean =>
    readdirSync(folder).some((name) => {
      try {
        return readlinkSync(join(folder, name)) === path
      } catch {
        return false // closed meanwhile
      }
    })
  for (let waitedMs = 0; !isOpen(); waitedMs += 20) {
    assert.ok(waitedMs < 30_000 && child.exitCode === null, `${path} was not opened`)
    await sleepMs(20)
  }
}

describe('plugpull verify with a collector', () => {
  it('takes the log and the cut from it, and publishes the verdict there', async (t) => {
    const { client, url } = await collector(t)
    const made = handMade(testFolder(t), { writes: 20, flushEvery: 1 })
    await client.createRun(RUN, 'hand-made', made.manifest)
    await client.append(RUN, 0, readFileSync(made.log))
    await client.recordCut(RUN, { kind: 'sigkill', at: '2026-11-20T12:00:01.000Z', signal: 'SIGKILL', died: true })
    const run = ['verify', '--target', made.target, '--run', RUN, '--collector', url]
    const first = await plugpull(t, ...run)
    assert.equal(first.status, 0)
    assert.match(first.stdout, /cut\s+sigkill, SIGKILL/)
    const published = (await client.run(RUN)).verdict
    assert.equal(published?.verdict, 'held')
    const again = await plugpull(t, ...run, '--json')
    assert.deepEqual(JSON.parse(again.stdout), published)
    truncateSync(made.target, 512)
    assert.equal((await plugpull(t, ...run, '--no-publish')).status, 10)
    assert.equal((await client.run(RUN)).verdict?.verdict, 'held')
  })

  it('is inconclusive where the agent was cut before its log arrived', async (t) => {
    const { client, url } = await collector(t)
    const made = handMade(testFolder(t), { writes: 20, flushEvery: 1, contents: 'baseline' })
    await client.createRun(RUN, 'hand-made', made.manifest)
    const run = await plugpull(t, 'verify', '--target', made.target, '--run', RUN, '--collector', url, '--json')
    assert.equal(run.stderr, '')
    assert.equal(JSON.parse(run.stdout).verdict, 'inconclusive')
  })

  it('says that a run is unknown', async (t) => {
    const { url } = await collector(t)
    const made = handMade(testFolder(t), { writes: 1, flushEvery: 1 })
    const outcome = await plugpull(t, 'verify', '--target', made.target, '--run', RUN, '--collector', url)
    assertRefused(outcome, 64, new RegExp(`RUN_UNKNOWN: .*${RUN}`))
  })
})

async function collector(t: TestContext): Promise<{ readonly client: CollectorClient; readonly url: string }> {
  const folder = testFolder(t)
  const portFile = join(folder, 'port')
  const args = ['--listen', '127.0.0.1:0', '--store', `sqlite:${join(folder, 'store.db')}`, '--port-file', portFile]
  const child = start(t, ['collector', ...args])
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  for (let waitedMs = 0; !existsSync(portFile) || readFileSync(portFile, 'utf8').trim() === ''; waitedMs += 50) {
    assert.ok(waitedMs < 20_000 && child.exitCode === null, `the collector did not start: ${said}`)
    await sleepMs(50)
  }
  const url = `http://127.0.0.1:${readFileSync(portFile, 'utf8').trim()}`
  const client = new CollectorClient(url)
  t.after(() => client.close())
  return { client, url }
}
