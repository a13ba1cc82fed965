import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findProgram, runTool, runToolSync, startProcess, within } from '../../src/io/process.ts'
import { describeMissing, missingRequirements, requireAll } from '../../src/io/requirements.ts'

describe('startProcess', () => {
  it('gives pid, exit and the tail of standard error', async () => {
    const lines: string[] = []
    const running = startProcess('sh', ['-c', 'echo one >&2; echo two >&2; printf three >&2; exit 3'], {
      onErrorLine: (line) => void lines.push(line),
    })
    assert.ok(running.pid > 0)
    assert.deepEqual(await running.exited, { code: 3, signal: null })
    assert.equal(running.errorTail(), 'one\ntwo\nthree')
    assert.deepEqual(lines, ['one', 'two', 'three'])
    assert.equal(running.running, false)
    assert.equal(running.kill('SIGKILL'), false)
  })
  it('keeps only the end of a long standard error', async () => {
    const running = startProcess('sh', ['-c', 'i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done'])
    await running.exited
    assert.ok(running.errorTail().length <= 4096)
    assert.match(running.errorTail(), /line 1999$/)
  })
  it('stops with SIGTERM, and with SIGKILL what does not listen', async () => {
    const polite = startProcess('sleep', ['60'])
    assert.deepEqual(await polite.stop(), { code: null, signal: 'SIGTERM' })
    const deaf = startProcess('sh', ['-c', 'trap "" TERM; echo ready >&2; while :; do sleep 0.05; done'])
    while (!deaf.errorTail().includes('ready')) assert.equal(await within(deaf.exited, 5), undefined)
    assert.deepEqual(await deaf.stop(100), { code: null, signal: 'SIGKILL' })
    assert.deepEqual(await deaf.stop(100), { code: null, signal: 'SIGKILL' })
  })
  it('says when a program is not installed', () => {
    assert.throws(() => startProcess('no-such-program', []), { code: 'RIG_UNAVAILABLE', message: /no-such-program/ })
  })
})

describe('runTool', () => {
  it('returns what a program said, and takes input', async () => {
    assert.equal((await runTool('cat', [], { input: 'through' })).stdout, 'through')
    assert.equal(runToolSync('cat', [], { input: 'through' }).stdout, 'through')
  })
  it('says what failed, how, and what the program said', async () => {
    const args = ['-c', 'echo "no such disk" >&2; exit 4']
    const wanted = { code: 'RIG_FAILED', message: /sh -c .* failed \(status 4\): no such disk/ }
    await assert.rejects(runTool('sh', args), wanted)
    assert.throws(() => runToolSync('sh', args), wanted)
    assert.equal((await runTool('sh', args, { accept: [4] })).code, 4)
  })
  it('ends what takes too long', async () => {
    await assert.rejects(runTool('sleep', ['60'], { limitMs: 50 }), { code: 'TIMED_OUT' })
    assert.throws(() => runToolSync('sleep', ['60'], { limitMs: 50 }), { code: 'TIMED_OUT' })
  })
  it('ends with its abort signal', async () => {
    const abort = new AbortController()
    const work = runTool('sleep', ['60'], { signal: abort.signal })
    abort.abort(new Error('enough'))
    await assert.rejects(work, /enough/)
  })
  it('survives a program that does not read its input', async () => {
    await runTool('true', [], { input: 'x'.repeat(1_000_000) })
  })
})

describe('requirements', () => {
  it('finds programs of administrators too', () => {
    assert.ok(findProgram('sh')?.startsWith('/'))
    assert.equal(findProgram('no-such-program'), undefined)
    assert.equal(findProgram('/etc/passwd'), undefined)
  })
  it('names everything that is missing at once, with one line that installs it', () => {
    const path = process.env['PATH']
    process.env['PATH'] = '/nowhere'
    try {
      assert.throws(() => requireAll('rig host-power', ['nbdkit', 'nbdfuse', 'qemu-storage-daemon']), {
        code: 'RIG_UNAVAILABLE',
        message:
          /rig host-power cannot run here: .*nbdkit .*nbdfuse .*apt-get install -y nbdkit libnbd-bin qemu-system-common/,
        exitStatus: 69,
      })
    } finally {
      process.env['PATH'] = path
    }
  })
  it('says what no package mends', () => {
    const text = describeMissing([
      { requirement: 'fuse', problem: '/dev/fuse is not there', remedy: 'run `modprobe fuse`' },
    ])
    assert.equal(text, '/dev/fuse is not there. run `modprobe fuse`')
    assert.equal(missingRequirements(['root']).length, process.getuid?.() === 0 ? 0 : 1)
  })
})
