/** `npm run trust -- cuts` and `-- liars` as a user runs them. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../src/core/errors.ts'

const program = join(import.meta.dirname, '..', '..', 'trust', 'cli.js')
const LIMIT_MS = 120_000

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs it; with `interruptAfterMs` it gets Ctrl-C then. */
async function run(args: readonly string[], interruptAfterMs?: number): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args, '--no-publish'], {
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (piece: Buffer) => void (stdout += piece.toString()))
  child.stderr.on('data', (piece: Buffer) => void (stderr += piece.toString()))
  const timer = interruptAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfterMs)
  await once(child, 'close')
  clearTimeout(timer)
  return { status: child.exitCode, stdout, stderr }
}

describe('trust', () => {
  it('cuts: says what came of them', async () => {
    const { status, stdout, stderr } = await run(['cuts', '--cuts', '30', '--seed', '0x7e57'])
    assert.equal(status, EXIT.held, stderr)
    assert.match(stdout, /^30 cuts of honest disks: 0 false accusations, 0 disagreements .*\nnot published\n$/)
  })

  it('cuts: ends by Ctrl-C, and says how far it came', async () => {
    const { status, stderr } = await run(['cuts', '--cuts', '1000000'], 3000)
    assert.equal(status, EXIT.interrupted)
    assert.match(stderr, /stopped after \d+ of 1000000 cuts/)
    assert.match(stderr, /INTERRUPTED: stopped by SIGINT/)
  })

  it('refuses what it cannot take', async () => {
    for (const args of [
      ['cuts', '--cuts', '0'],
      ['cuts', '--seed', '0x100000000'],
      ['liars', '--jobs', '0'],
    ])
      assert.equal((await run(args)).status, EXIT.usage, args.join(' '))
  })
})
