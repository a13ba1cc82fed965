/** The QMP client, and the cuts that need no guest, against a real QEMU whose machine is empty. */
import assert from 'node:assert/strict'
import { type TestContext, describe, it } from 'node:test'
import { findProgram, startProcess } from '../../../src/io/process.ts'
import { withScratch } from '../../../src/io/scratch.ts'
import { isGone } from '../../../src/rig/power.ts'
import { type LiveQemu, quitQemu, resetThenKill } from '../../../src/rig/qemu/cuts.ts'
import { type Qmp, connectQmp } from '../../../src/rig/qemu/qmp.ts'

const LIMIT_MS = 30_000

async function withQemu(t: TestContext, work: (qmp: Qmp, qemu: LiveQemu) => Promise<void>): Promise<void> {
  if (findProgram('qemu-system-x86_64') === undefined) return t.skip('SKIPPED: qemu-system-x86_64 is not installed')
  await withScratch('test-qmp', async (scratch) => {
    const qemu = startProcess(
      'qemu-system-x86_64',
      ['-nodefaults', '-machine', 'none', '-display', 'none', '-qmp', 'unix:qmp,server=on,wait=off'],
      { cwd: scratch.path, scratch },
    )
    try {
      const path = `/proc/${qemu.pid}/cwd/qmp`
      const qmp = await connectQmp(path, { limitMs: LIMIT_MS, isRunning: () => qemu.running })
      await work(qmp, { what: 'QEMU', pid: qemu.pid, exited: qemu.exited, qmp })
    } finally {
      qemu.kill('SIGCONT')
      qemu.kill('SIGKILL')
      await qemu.exited
    }
  })
}

describe('a client of QMP', () => {
  it('gives commands, many at a time, and gets their own answers', (t) =>
    withQemu(t, async (qmp) => {
      const [status, name] = await Promise.all([qmp.execute('query-status'), qmp.execute('query-name')])
      assert.match(JSON.stringify(status), /"status":"running"/)
      assert.deepEqual(name, {})
    }))

  it("tells QEMU's own words where it refuses", (t) =>
    withQemu(t, async (qmp) => {
      await assert.rejects(qmp.execute('no-such-command'), {
        code: 'RIG_FAILED',
        message: /QEMU refuses no-such-command: The command no-such-command has not been found/,
      })
    }))

  it('hears events between the answers', (t) =>
    withQemu(t, async (qmp) => {
      const stopped = qmp.event('STOP', LIMIT_MS)
      await qmp.execute('stop')
      assert.deepEqual(await stopped, { name: 'STOP', data: {} })
    }))

  it('gives up on a QEMU that says nothing', (t) =>
    withQemu(t, async (qmp, { pid }) => {
      process.kill(pid, 'SIGSTOP')
      await assert.rejects(qmp.execute('query-status', {}, 50), {
        code: 'TIMED_OUT',
        message: 'QEMU did not answer query-status within 50 ms',
      })
      assert.equal(await qmp.event('RESUME', 10), undefined)
    }))

  it('fails every wait when QEMU dies', (t) =>
    withQemu(t, async (qmp, { pid }) => {
      process.kill(pid, 'SIGSTOP')
      const event = qmp.event('STOP', LIMIT_MS)
      const answer = qmp.execute('query-status', {}, LIMIT_MS)
      process.kill(pid, 'SIGKILL')
      await assert.rejects(answer, { code: 'RIG_FAILED' })
      assert.equal(await event, undefined)
      await assert.rejects(qmp.execute('query-status'), { code: 'RIG_FAILED' })
      assert.equal(await qmp.event('STOP', LIMIT_MS), undefined)
    }))

  it('says where nobody listens', async () => {
    await assert.rejects(connectQmp('/nowhere/qmp', { limitMs: 20 }), {
      code: 'TIMED_OUT',
      message: /\/nowhere\/qmp could not be reached within 20 ms/,
    })
    await assert.rejects(connectQmp('/nowhere/qmp', { limitMs: LIMIT_MS, isRunning: () => false }), {
      code: 'RIG_FAILED',
      message: /QEMU ended before/,
    })
  })
})

describe('a cut over QMP', () => {
  it('quits in good order, and names no signal', (t) =>
    withQemu(t, async (_, qemu) => {
      const { at, note, ...record } = await quitQemu('qmp-quit', qemu)
      assert.ok(Date.parse(at) <= Date.now())
      assert.match(note ?? '', /orderly end/)
      const target = { what: 'QEMU', pid: qemu.pid }
      assert.deepEqual(record, { kind: 'qmp-quit', target, alsoDied: [], died: true })
      assert.ok(isGone(qemu.pid))
    }))

  it('resets, then kills', (t) =>
    withQemu(t, async (_, qemu) => {
      const record = await resetThenKill('guest-reset', qemu)
      assert.deepEqual([record.kind, record.signal, record.died], ['guest-reset', 'SIGKILL', true])
      assert.match(record.note ?? '', /system_reset, seen, then SIGKILL/)
      assert.ok(isGone(qemu.pid))
    }))

  it('does not take another death for the quit', (t) =>
    withQemu(t, async (qmp, qemu) => {
      process.kill(qemu.pid, 'SIGSTOP')
      const cut = quitQemu('qmp-quit', { ...qemu, qmp })
      process.kill(qemu.pid, 'SIGKILL')
      const record = await cut
      assert.deepEqual([record.died, record.note], [false, 'QEMU ended, but not in good order (SIGKILL)'])
    }))
})
