/**
 * diskchecker.pl, where the user supplies it. A server elsewhere notes each page of 16 KiB before it is written and after its fsync;
 * after the cut the client asks it what must be there.
 *
 * The client truncates what it writes to, so the disk is given to it as a loop device, which takes no notice of that (root only). The
 * server keeps its state in /tmp under the client's address, so one such test runs at a time.
 */
import { statSync } from 'node:fs'
import { ProbeError } from '../../src/core/errors.ts'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import { runTool, startProcess } from '../../src/io/process.ts'
import { PAGE_BYTES, STATE, forgetDiskchecker, startServer } from '../diskchecker/server.ts'
import { attachLoop } from '../targets.ts'
import { OVERWRITTEN_BYTES } from './settings.ts'
import { ANY_STATUS, type Accusation, type Job, type Report, type Setting, type Tool, type Working } from './tool.ts'

const STATE_LIMIT_MS = 15_000
const STATE_QUIET_MS = 500
const VERIFY_LIMIT_MS = 120_000
/** It has no other: it overwrites pages at random, with an fsync after each. */
export const DISKCHECKER_SETTING: Setting = { flushEvery: 1, overwrites: true }
const MEGABYTES = OVERWRITTEN_BYTES / 2 ** 20

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
  forgetDiskchecker()
  const server = await startServer(path, job.scratch)
  const device = attachLoop(job.disk)
  const client = startProcess('perl', [path, '-s', server.address, 'create', device.path, String(MEGABYTES)], {
    scratch: job.scratch,
  })
  const abandon = async (): Promise<void> => {
    for (const part of [client, server.process]) {
      part.kill('SIGKILL')
      await part.exited
    }
    device.detach()
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
  const server = await startServer(path, job.scratch)
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
