/** `npm run trust` and `npm run bench` as a user runs them. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { EXIT } from '../../src/core/errors.ts'
import type { Figures } from '../../trust/real-liars/campaigns.ts'
import { LIARS } from '../../trust/real-liars/liars.ts'
import { sectionOf } from '../../trust/real-liars/section.ts'

const program = join(import.meta.dirname, '..', '..', 'trust', 'cli.js')
const LIMIT_MS = 120_000

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a help says, in one line. */
const help = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: LIMIT_MS })
  assert.equal(status, EXIT.held, stderr)
  return stdout.replaceAll(/\s+/g, ' ')
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
      ['real-liars', '--seed', 'zz'],
      ['real-liars', '--seed', '5', '--cuts', '0'],
      ['replay', '--seed', 'zz'],
      ['replay', '--seed', '5', '--stride', '0'],
    ]) {
      const { status, stderr } = await run(args)
      assert.equal(status, EXIT.usage, args.join(' '))
      assert.match(stderr, new RegExp(`BAD_OPTION: ${args.at(-2)} got`))
    }
  })

  it('mutants: refuses a text that is in no rule', () => {
    const args = [program, 'mutants', '--only', 'zzzz']
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: LIMIT_MS })
    assert.equal(status, EXIT.usage)
    assert.match(stderr, /BAD_OPTION: --only got "zzzz", which is in no rule; the rules: /)
  })

  it('has a name and a description of its own', () => {
    assert.match(help(program, '--help'), /^Usage: npm run trust -- .*The case for the judge/)
    for (const part of ['cuts', 'real-liars', 'replay']) assert.match(help(program, part, '--help'), /--no-publish/)
  })

  it('the benches say which there are, and that the judge writes docs', () => {
    const root = join(import.meta.dirname, '..', '..', '..')
    assert.match(help(join(root, 'scripts', 'bench.mjs'), '--help'), /Benches: .*judge, memory, peers/)
    const judge = help(join(root, 'dist', 'bench', 'judge', 'main.js'), '--help')
    assert.match(judge, /writes docs\/bench\/judge\.json and docs\/PERFORMANCE\.md.*--no-publish/)
  })

  it('real-liars: the command on the page has the seed and the counts', () => {
    const none = { held: 0, violation: 0, inconclusive: 0 }
    const some = { caught: 1, lost: 1, torn: 0, others: 0, liedFlushes: 1, flushes: 1, ended: 0, endedVerdicts: none }
    const figures = (cuts: number): Figures => ({ ...none, ...some, cuts })
    const liars = LIARS.map((plan) => {
      const ofPlan = figures(plan.options.includes('--rig qemu') ? 7 : 4)
      return { ...plan, figures: ofPlan, twinFigures: ofPlan }
    })
    const text = sectionOf({ seed: '0000000000000005', versions: {}, liars, edits: [] })
    assert.match(
      text,
      /`npm run trust -- real-liars --cuts 4 --guest-cuts 7 --seed 0000000000000005` runs them all again/,
    )
  })
})
