/** The agent as a program, for tests: started, waited for with a limit, its result parsed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const LIMIT_MS = 60_000

export interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class Program {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>

  constructor(t: TestContext, args: readonly string[]) {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    this.child = child
    this.ended = new Promise((resolve) => {
      child.on('close', (status, signal) => {
        clearTimeout(timer)
        resolve({ status, signal, ...output })
      })
    })
    t.after(async () => {
      child.kill('SIGKILL')
      await this.ended
    })
  }
}

/** Runs `plugpull agent … --json` to its end. */
export async function agent(t: TestContext, ...args: string[]): Promise<Ended> {
  return new Program(t, ['agent', '--json', '--quiet', ...args]).ended
}

/** The JSON document of a run that ended as told. */
export function resultOf(ended: Ended, status: number): Readonly<Record<string, unknown>> {
  assert.equal(ended.status, status, ended.stderr)
  assert.doesNotMatch(ended.stderr, /\n\s+at /, 'no stack trace')
  const result: Readonly<Record<string, unknown>> = JSON.parse(ended.stdout)
  assert.equal(result['schema'], 'plugpull.agent/1')
  return result
}

/** Looks again and again until `look` finds something; fails after a while. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let waitedMs = 0; waitedMs < LIMIT_MS; waitedMs += 20) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return assert.fail(`waited in vain for ${what}`)
}
