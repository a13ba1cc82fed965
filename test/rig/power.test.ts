import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { sleepMs } from '../../src/io/clock.ts'
import { findProgram } from '../../src/io/process.ts'
import { isGone, killInOneGo, signalTo, terminateThenKill, untilGone } from '../../src/rig/power.ts'

const started: ChildProcess[] = []

/** A process that says `ready`, and what it does with SIGTERM. */
async function child(onTerm: 'dies' | 'stays'): Promise<ChildProcess & { readonly pid: number }> {
  const source = `${onTerm === 'stays' ? "process.on('SIGTERM', () => undefined);" : ''} process.stdout.write('ready'); setInterval(() => undefined, 1000)`
  const spawned = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(spawned)
  await once(spawned.stdout, 'data')
  assert.ok(spawned.pid !== undefined)
  return Object.assign(spawned, { pid: spawned.pid })
}

describe('taking the power away', () => {
  after(() => {
    for (const each of started) each.kill('SIGKILL')
  })

  it('kills all in the order given and tells who died', async () => {
    const disk = await child('stays')
    const agent = await child('stays')
    const record = await killInOneGo(
      'host-power',
      [
        { what: 'disk', pid: disk.pid },
        { what: 'agent', pid: agent.pid },
      ],
      'a test',
    )
    assert.deepEqual(
      { ...record, at: '' },
      {
        kind: 'host-power',
        at: '',
        signal: 'SIGKILL',
        target: { what: 'disk', pid: disk.pid },
        alsoDied: ['agent'],
        died: true,
        note: 'a test',
      },
    )
    assert.ok(isGone(disk.pid) && isGone(agent.pid))
  })

  it('does not take a process for gone while a thread of it lives on, though its first has ended', async (t) => {
    if (findProgram('python3') === undefined) {
      t.skip('SKIPPED: python3 is not installed, whose main thread can end alone')
      return
    }
    const source = `import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print('ready', flush=True)
ctypes.CDLL(None).pthread_exit(None)`
    const half = spawn('python3', ['-c', source], { stdio: ['ignore', 'pipe', 'inherit'] })
    started.push(half)
    await once(half.stdout, 'data')
    const { pid } = half
    assert.ok(pid !== undefined)
    const state = (): string => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.slice(0, 1) ?? ''
    while (state() !== 'Z') await sleepMs(2)
    assert.equal(isGone(pid), false)
    half.kill('SIGKILL')
    assert.deepEqual(await untilGone([{ what: 'half', pid }]), [])
  })

  it('lets the first tidy up, then kills the rest', async () => {
    const disk = await child('dies')
    const agent = await child('stays')
    const record = await terminateThenKill(
      'sigterm',
      [
        { what: 'disk', pid: disk.pid },
        { what: 'agent', pid: agent.pid },
      ],
      'a test',
    )
    assert.equal(record.signal, 'SIGTERM')
    assert.equal(record.died, true)
    assert.equal(disk.signalCode ?? (await once(disk, 'exit'))[1], 'SIGTERM')
    assert.equal(agent.signalCode ?? (await once(agent, 'exit'))[1], 'SIGKILL')
  })

  it('says so where something does not die', async () => {
    const disk = await child('stays')
    try {
      const record = await terminateThenKill('sigterm', [{ what: 'disk', pid: disk.pid }], 'a test', 100)
      assert.equal(record.died, false)
      assert.match(record.note ?? '', /disk \(pid \d+\) did not end within 0.1 s/)
    } finally {
      disk.kill('SIGKILL')
    }
  })

  it('kills nothing where it may not kill all, and says as whom it may', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('SKIPPED: only root can become somebody who may kill one process and not another')
      return
    }
    const stranger = await child('stays')
    const power = new URL('../../src/rig/power.js', import.meta.url).href
    const source = `import { spawn } from 'node:child_process'
process.setuid(65534)
const own = spawn('/bin/sleep', ['60'])
const { killInOneGo, isGone } = await import('${power}')
const error = await killInOneGo('sigkill', [{ what: 'own', pid: own.pid }, { what: 'qemu', pid: ${stranger.pid} }], '').catch((error) => error)
console.log(error.code, error.message, isGone(own.pid))
own.kill()`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source])
    assert.equal(
      stdout.trim(),
      `RIG_UNAVAILABLE this user may not kill process ${stranger.pid}; run as root, or as the user that QEMU runs as false`,
    )
    signalTo(stranger.pid, 'SIGKILL')
  })

  it('takes a process that is gone already for dead', async () => {
    const gone = await child('dies')
    gone.kill('SIGKILL')
    await once(gone, 'exit')
    assert.equal((await killInOneGo('sigkill', [{ what: 'disk', pid: gone.pid }], '')).died, true)
  })
})
