/** What people see: help, progress, logs; and how a program takes Ctrl-C. In processes of their own where it matters. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXIT } from '../../src/core/errors.ts'
import { monotonicUs, sleepMs } from '../../src/io/clock.ts'
import { exitStatusHelp } from '../../src/io/help.ts'
import { mountOver } from '../../src/io/mounts.ts'
import { runToolSync, startProcess, within } from '../../src/io/process.ts'
import { type ProgressStream, createProgress } from '../../src/io/progress.ts'
import { untilDead } from './lab.ts'

const moduleUrl = (name: string): string => JSON.stringify(new URL(`../../src/io/${name}.js`, import.meta.url).href)
const run = (script: string): { stdout: string; stderr: string } =>
  runToolSync(process.execPath, ['--input-type=module', '-e', script])

describe('help', () => {
  it('ends with an example and the exit statuses in order', () => {
    const text = exitStatusHelp('plugpull verify --log run.log', [EXIT.refused, EXIT.held, EXIT.violation])
    assert.match(
      text,
      /Example:\n {2}plugpull verify --log run.log\n\nExit status:\n {4}0 {2}.*held\n {3}10 {2}violation.*\n {3}77 {2}target refused/,
    )
    assert.match(exitStatusHelp('a\n b', []), /Examples:\n {2}a\n {2}b\n/)
  })
  it('knows a meaning for every exit status', () => {
    assert.ok(!exitStatusHelp('x', Object.values(EXIT)).includes('see docs'))
  })
})

/** A stream that keeps what is written to it, a terminal or not. */
function screen(isTTY: boolean): { stream: ProgressStream; text: () => string } {
  let written = ''
  const write = (text: string): void => {
    written += text
  }
  const text = (): string => {
    const taken = written
    written = ''
    return taken
  }
  return { stream: { isTTY, columns: 100, write }, text }
}

describe('progress', () => {
  it('redraws a bar at a terminal and removes it at the end', async () => {
    const { stream, text } = screen(true)
    const progress = createProgress({ label: 'reading', total: 100, stream })
    progress.update(10)
    assert.equal(text(), '', 'what is quick says nothing')
    await sleepMs(120)
    progress.update(50, 'slow')
    const drawn = text()
    assert.ok(drawn.startsWith('\r\x1b[K'))
    assert.match(drawn, /Kreading {2}\[█{12}·{12}\] 50 % {2}50 of 100.* left {2}slow$/)
    progress.finish('done')
    assert.equal(text(), '\r\x1b[Kdone\n')
  })
  it('is silent elsewhere for the first seconds, and with quiet', () => {
    for (const options of [{ quiet: true }, {}]) {
      const { stream, text } = screen(options.quiet === true)
      const progress = createProgress({ label: 'reading', total: 100, stream, ...options })
      progress.update(50)
      progress.finish()
      assert.equal(text(), '')
    }
  })
})

describe('logs', () => {
  it('are JSON lines on standard error where nobody watches, down to the last line before an exit', () => {
    const { stdout, stderr } = run(`
      const { createLogger } = await import(${moduleUrl('logger')})
      const logger = await createLogger({ name: 'agent' })
      logger.debug('unsaid'); logger.info({ writes: 3 }, 'done'); process.exit(0)`)
    assert.equal(stdout, '')
    const line: unknown = JSON.parse(stderr)
    assert.ok(typeof line === 'object' && line !== null && 'msg' in line && 'writes' in line && 'name' in line)
    assert.deepEqual([line.msg, line.writes, line.name], ['done', 3, 'agent'])
  })
})

describe('Ctrl-C', () => {
  const waiting = (body: string): string => `
    const { onInterrupt, withInterrupt, atExit } = await import(${moduleUrl('interrupt')})
    atExit(() => process.stderr.write('first '))
    atExit(() => { throw new Error('broken hook') })
    atExit(() => process.stderr.write('second '))
    const keep = setInterval(() => undefined, 1000)
    ${body}`
  async function signalled(
    body: string,
    signals: readonly NodeJS.Signals[],
  ): Promise<{ code: number | null; said: string }> {
    const running = startProcess(process.execPath, ['--input-type=module', '-e', waiting(body)])
    try {
      for (const signal of signals) {
        const before = running.errorTail().length
        for (
          let tries = 0;
          tries < 1000 && running.running && !/ready|got/.test(running.errorTail().slice(before === 0 ? 0 : -40));
          tries++
        )
          await sleepMs(5)
        running.kill(signal)
        await sleepMs(50)
      }
      return { code: (await within(running.exited, 10_000))?.code ?? null, said: running.errorTail() }
    } finally {
      await running.stop()
    }
  }
  it('ends a program at once, its hooks run newest first, a broken one does not stop the others', async () => {
    const { code, said } = await signalled(`process.stderr.write('ready ')`, ['SIGINT'])
    assert.equal(code, EXIT.interrupted)
    assert.equal(said, 'ready second first')
  })
  it('aborts the work that asked for it, with INTERRUPTED; afterwards it ends the program', async () => {
    const body = `
      process.stderr.write('ready ')
      await withInterrupt((signal) => new Promise((resolve) => signal.addEventListener('abort', () => {
        process.stderr.write('got:' + signal.reason.code + ' '); resolve() })))
      await new Promise(() => undefined)`
    const { code, said } = await signalled(body, ['SIGTERM', 'SIGTERM'])
    assert.equal(code, EXIT.interrupted)
    assert.equal(said, 'ready got:INTERRUPTED second first')
  })
  it('ends the program at once where the work that asked is done', async () => {
    const body = `await withInterrupt(async () => undefined); process.stderr.write('ready ')`
    const { code, said } = await signalled(body, ['SIGTERM'])
    assert.equal(code, EXIT.interrupted)
    assert.equal(said, 'ready second first')
  })
  it('ends work that does not heed the first signal with the second', async () => {
    const { code, said } = await signalled(`onInterrupt(); process.stderr.write('ready ')`, ['SIGINT', 'SIGINT'])
    assert.equal(code, EXIT.interrupted)
    assert.equal(said, 'ready second first')
  })
  it('kills the processes that were started', async () => {
    const { stdout } = run(`
      const { startProcess } = await import(${moduleUrl('process')})
      process.stdout.write(String(startProcess('sleep', ['60']).pid)); process.exit(0)`)
    assert.ok(Number(stdout) > 0)
    assert.ok(await untilDead(Number(stdout)))
  })
})

describe('the clock', () => {
  it('counts whole microseconds, forwards, the same for every process', () => {
    const before = monotonicUs()
    const other = Number(
      run(`const { monotonicUs } = await import(${moduleUrl('clock')}); process.stdout.write(String(monotonicUs()))`)
        .stdout,
    )
    const after = monotonicUs()
    assert.ok(Number.isSafeInteger(before) && before <= other && other <= after)
  })
  it('sleeps until aborted', async () => {
    const abort = new AbortController()
    const sleeping = sleepMs(60_000, abort.signal)
    abort.abort()
    await sleeping
    await sleepMs(60_000, abort.signal)
  })
})

describe('mounts', () => {
  it('finds the longest mount point above a path, of equals the newest', () => {
    const mount = (path: string, fileSystem: string) => ({
      device: '0:1',
      path,
      fileSystem,
      source: '',
      readOnly: false,
    })
    const mounts = [mount('/', 'ext4'), mount('/srv', 'xfs'), mount('/srv', 'tmpfs'), mount('/srv/deep', 'fuse')]
    assert.equal(mountOver('/srv/x', mounts)?.fileSystem, 'tmpfs')
    assert.equal(mountOver('/srvx', mounts)?.fileSystem, 'ext4')
    assert.equal(mountOver('/srv/deep/y', mounts)?.fileSystem, 'fuse')
  })
})
