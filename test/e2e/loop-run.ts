/** Runs the program as a user does, and looks at what it left behind; for the e2e tests of the loop and the demo. */
import assert from 'node:assert/strict'
import type { Verdict } from '../../src/core/verdict.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { messageOf } from '../../src/core/errors.ts'
import { mountsUnder } from '../../src/io/mounts.ts'
import { recoverScratch } from '../../src/io/scratch.ts'
import { within } from '../../src/io/process.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import { rigNamed } from '../../src/rig/registry.ts'

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url))
const LIMIT_MS = 900_000

/** Cycles of the longer campaigns: few where every commit is tested, 20 for what the issue asks to be shown. */
export const CYCLES = process.env['PLUGPULL_E2E_CYCLES'] ?? '3'

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder that the program takes for TMPDIR: what is in it afterwards was left behind. */
export interface Place {
  readonly path: string
  run(args: readonly string[]): Promise<Outcome>
  start(args: readonly string[]): ChildProcess
}

/** Runs `work` with a place of its own in `parent`, and checks that nothing is left: no file, mount or process. */
export async function inPlace(work: (place: Place) => Promise<void>, parent = tmpdir()): Promise<void> {
  const path = mkdtempSync(join(parent, 'pp-e2e-'))
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, TMPDIR: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  try {
    await work({ path, start, run: (args) => ended(start(args)) })
    assertNothingLeft(path)
  } finally {
    recoverScratch(path)
    rmSync(path, { recursive: true, force: true })
  }
}

/** Waits for the program's end, and kills it at the limit. */
export async function ended(child: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const end = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const status = await within(end, LIMIT_MS)
  if (status === undefined) child.kill('SIGKILL')
  assert.notEqual(status, undefined, `it did not end within ${LIMIT_MS} ms: ${stderr}`)
  return { status: status ?? null, stdout, stderr }
}

/** Files, mounts and processes under the folder; none is what every run must leave. */
export function assertNothingLeft(path: string): void {
  assert.deepEqual(mountsUnder(path), [], 'no mount is left')
  assert.deepEqual(processesNaming(path), [], 'no process is left')
  assert.deepEqual(readdirSync(path), [], 'no file is left')
}

/** Processes whose command line names the folder. */
export function processesNaming(path: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(commandLine)
    .filter((line) => line.includes(path))
}

function commandLine(pid: string): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`
  } catch {
    // Gone meanwhile.
    return ''
  }
}

/** The result of `loop --json`, which must be the only thing on stdout. */
export async function loop(
  place: Place,
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly result: CampaignResult }> {
  const { status, stdout, stderr } = await place.run(['loop', ...args, '--json'])
  assert.ok(
    stdout.endsWith('}\n') && stdout.trim().split('\n').length === 1,
    `one JSON document on stdout; stderr: ${stderr}`,
  )
  const result: CampaignResult = JSON.parse(stdout)
  return { status, result }
}

/** Skips, loudly, where the machine cannot run the rigs. */
export function skippedWithout(t: TestContext, ...rigs: readonly string[]): boolean {
  try {
    for (const rig of rigs) rigNamed(rig).require()
    return false
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return true
  }
}

/** What two runs of one seed share: all but their name, which is in the bytes of the exhibits too. */
export const withoutRun = (verdict: Verdict | undefined): unknown => ({
  ...verdict,
  run: '',
  findings: verdict?.findings.map((finding) => ({ ...finding, exhibits: finding.exhibits?.map(({ lba }) => lba) })),
})
