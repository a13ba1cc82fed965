/**
 * diskchecker.pl, where the user supplies it. A server elsewhere notes each page of 16 KiB before it is written and after its fsync;
 * after the cut the client asks it what must be there.
 *
 * The client truncates what it writes to, so the disk is given to it as a loop device, which takes no notice of that (root only). The
 * server keeps its state in /tmp under the client's address, so one such test runs at a time.
 */
import { existsSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { ProbeError } from '../../src/core/errors.ts'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import { atExit } from '../../src/io/interrupt.ts'
import { type ManagedProcess, runTool, runToolSync, startProcess } from '../../src/io/process.ts'
import { OVERWRITTEN_BYTES } from './settings.ts'
import { ANY_STATUS, type Accusation, type Job, type Report, type Setting, type Tool, type Working } from './tool.ts'

export const PAGE_BYTES = 16 * 1024
const STATE = '/tmp/127.0.0.1.diskchecker'
const STATE_LIMIT_MS = 15_000
const STATE_QUIET_MS = 500
const VERIFY_LIMIT_MS = 120_000
const LISTEN_LIMIT_MS = 10_000
/** It has no other: it overwrites pages at random, with an fsync after each. */
export const DISKCHECKER_SETTING: Setting = { flushEvery: 1, overwrites: true }
const MEGABYTES = OVERWRITTEN_BYTES / 2 ** 20

/** Why it cannot run here, or undefined. */
export function diskcheckerProblem(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for a loop device'
  return existsSync(STATE)
    ? `${STATE} is there: another diskchecker.pl may be at work; remove it if none is`
    : undefined
}

export function diskcheckerTool(path: string): Tool {
  return {
    name: 'diskchecker.pl',
    version: 'as supplied',
    setting: DISKCHECKER_SETTING,
    fate: 'loses its power with the disk; its server runs on',
    commands: [
      'perl diskchecker.pl -l PORT',
      `perl diskchecker.pl -s 127.0.0.1:PORT create LOOP_DEVICE_OF_DISK ${MEGABYTES}`,
      'perl diskchecker.pl -s 127.0.0.1:PORT verify SURVIVOR',
    ],
    start: (job) => start(path, job),
    verify: (job, image) => verify(path, job, image),
  }
}

async function start(path: string, job: Job): Promise<Working> {
  rmSync(STATE, { force: true })
  const server = await startServer(path, job)
  const device = (await runTool('losetup', ['--find', '--show', job.disk])).stdout.trim()
  let isAttached = true
  const detach = (): void => {
    if (isAttached) runToolSync('losetup', ['-d', device], { limitMs: 10_000 })
    isAttached = false
  }
  const disarm = atExit(detach)
  const client = startProcess('perl', [path, '-s', server.address, 'create', device, String(MEGABYTES)], {
    scratch: job.scratch,
  })
  const abandon = async (): Promise<void> => {
    for (const part of [client, server.process]) {
      part.kill('SIGKILL')
      await part.exited
    }
    disarm()
    detach()
  }
  return {
    victims: [{ what: 'diskchecker.pl (client)', pid: client.pid }],
    ended: client.exited.then(() => client.errorTail()),
    finish: async () => {
      await untilStateWritten()
      await abandon()
    },
    abandon,
  }
}

async function startServer(path: string, job: Job): Promise<{ process: ManagedProcess; address: string }> {
  const port = await freePort()
  const server = startProcess('perl', [path, '-l', String(port)], { scratch: job.scratch })
  const until = monotonicMs() + LISTEN_LIMIT_MS
  while (!(await isListening(port))) {
    if (monotonicMs() > until || !server.running) {
      await server.stop()
      throw new ProbeError('RIG_FAILED', `diskchecker.pl does not listen on ${port}: ${server.errorTail()}`)
    }
    await sleepMs(20)
  }
  return { process: server, address: `127.0.0.1:${port}` }
}

/** By the kernel's table: a connection would count as a client. */
async function isListening(port: number): Promise<boolean> {
  const { stdout } = await runTool('cat', ['/proc/net/tcp'])
  return new RegExp(`:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]+:0000 0A `).test(stdout)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** The server writes its state once the client is gone. */
async function untilStateWritten(): Promise<void> {
  const until = monotonicMs() + STATE_LIMIT_MS
  for (;;) {
    const written = statSync(STATE, { throwIfNoEntry: false })
    if (written !== undefined && written.size > 0 && Date.now() - written.mtimeMs > STATE_QUIET_MS) return
    if (monotonicMs() > until) throw new ProbeError('TIMED_OUT', `diskchecker.pl wrote no ${STATE} after the cut`)
    await sleepMs(50)
  }
}

async function verify(path: string, job: Job, image: string): Promise<Report> {
  const server = await startServer(path, job)
  try {
    const started = monotonicMs()
    const { stdout, stderr } = await runTool('perl', [path, '-s', server.address, 'verify', image], {
      limitMs: VERIFY_LIMIT_MS,
      accept: ANY_STATUS,
      signal: job.signal,
    })
    return { ...diskcheckerReport(stdout, stderr), ms: monotonicMs() - started }
  } finally {
    server.process.kill('SIGKILL')
    await server.process.exited
  }
}

/** `  Error at page 7, 3 seconds before end.` and `Total errors: 1`; its status is 0 in any case. */
export function diskcheckerReport(stdout: string, stderr: string): Omit<Report, 'ms'> {
  const accusations = stdout.split('\n').flatMap((line): readonly Accusation[] => {
    const [, page] = /^\s*Error at page (\d+)/.exec(line) ?? []
    return page === undefined
      ? []
      : [{ text: 'Error at page', offset: Number(page) * PAGE_BYTES, bytes: PAGE_BYTES, namesWrite: false }]
  })
  if (accusations.length > 0) return { word: 'faulty', accusations }
  if (/^Total errors: 0?$/m.test(stdout)) return { word: 'sound', accusations }
  return { word: 'cannot tell', accusations, said: (stderr || stdout).trim().slice(0, 300) || 'it said nothing' }
}

/** Takes its state file away. */
export const forgetDiskchecker = (): void => rmSync(STATE, { force: true })
