import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SCRATCH_VARIABLE } from '../../src/io/process.ts'
import { isGone, signalTo } from '../../src/rig/power.ts'
import { type ShellCommand, lastLinesOf, shellQuoted, startShell } from '../../src/rig/shell-command.ts'
import { scratchFolder, until } from '../support/plugpull-process.ts'

function shell(t: TestContext, command: string, limitMs = 60_000): ShellCommand & { readonly output: string } {
  const folder = scratchFolder(t)
  const output = join(folder, 'output')
  return { ...startShell({ command, output, limitMs, environment: { FOLDER: folder, WHAT: 'a b' } }), output }
}

test('tells how it ended and what it said, on either stream', async (t) => {
  const { ended, output } = shell(t, 'echo "$WHAT"; echo more >&2; exit 7')
  assert.deepEqual(await ended, { kind: 'ended', status: 7, signal: null })
  assert.equal(lastLinesOf(output), 'a b | more')
})

test('kills what goes on beyond the limit, with all that it started', async (t) => {
  const { ended, output } = shell(t, 'sleep 1000 & echo $!; wait', 300)
  assert.deepEqual(await ended, { kind: 'late' })
  assert.ok(await until('the end of its child', () => isGone(Number(lastLinesOf(output))) || undefined))
})

test('leaves what it put into the background alone, without the mark of a scratch folder', async (t) => {
  const { ended, output } = shell(t, 'sleep 1000 & echo $!')
  assert.deepEqual(await ended, { kind: 'ended', status: 0, signal: null })
  const pid = Number(lastLinesOf(output))
  t.after(() => signalTo(pid, 'SIGKILL'))
  assert.ok(!isGone(pid))
  assert.ok(!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${SCRATCH_VARIABLE}=`))
})

test('quotes words for a shell', () => {
  const words = ['plain', '--script', "w 8+16; flush; 'x'", '', '$HOME `id`', 'a=b']
  const said = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${words.map(shellQuoted).join(' ')}`]).toString()
  assert.deepEqual(said.split('\n').slice(0, -1), words)
  assert.equal(shellQuoted('a=b'), 'a=b')
})

test('a file that is not there has no last lines', () => {
  assert.ok(!existsSync('/nowhere/output'))
  assert.equal(lastLinesOf('/nowhere/output'), '')
})
