/** The program as a user runs it: processes with options, output, an exit status, and an end in any case. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleepMs } from 'node:timers/promises'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { afterwards } from './cleanup.ts'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const LIMIT_MS = 120_000

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that is gone after the test. */
export function scratchFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pp-test-'))
  afterwards(t, () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export class PlugpullProcess {
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(t: TestContext, args: readonly string[], cwd = tmpdir()) {
    this.#child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, NO_COLOR: '1' } })
    afterwards(t, () => this.#child.kill('SIGKILL'))
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
  }

  get stderr(): string {
    return this.#stderr
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Its end; fails the test where it takes too long. */
  async outcome(): Promise<Outcome> {
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), LIMIT_MS)
    if (!this.isOver) await once(this.#child, 'close')
    clearTimeout(limit)
    return { status: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    await this.outcome()
  }
}

export const plugpull = (t: TestContext, ...args: string[]): Promise<Outcome> => new PlugpullProcess(t, args).outcome()

/** Waits until `look` gives something; fails with `what` at the limit. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    assert.ok(Date.now() < deadline, `waited ${LIMIT_MS} ms for ${what}`)
    await sleepMs(20)
  }
}

/** A collector over a store in `folder`, on `port` (0: a free one), that answers. */
export async function startCollector(
  t: TestContext,
  folder: string,
  port = 0,
  options: readonly string[] = [],
): Promise<{ readonly process: PlugpullProcess; readonly port: number; readonly url: string }> {
  const portFile = join(folder, `port-${Date.now()}-${Math.floor(performance.now() * 1000)}`)
  const store = `sqlite:${join(folder, 'store.db')}`
  const collector = new PlugpullProcess(t, [
    'collector',
    '--listen',
    `127.0.0.1:${port}`,
    '--store',
    store,
    '--port-file',
    portFile,
    ...options,
  ])
  const taken = await until('the collector to answer', () => {
    assert.ok(!collector.isOver, `the collector ended: ${collector.stderr}`)
    const text = existsSync(portFile) ? readFileSync(portFile, 'utf8').trim() : ''
    return text === '' ? undefined : Number(text)
  })
  return { process: collector, port: taken, url: `http://127.0.0.1:${taken}` }
}
