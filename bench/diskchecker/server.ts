/**
 * The server of diskchecker.pl, which the user supplies: started on a free port, waited for, and what it leaves behind.
 *
 * It keeps its state in /tmp under the client's address, so one such client runs at a time on a machine.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve as fullPath } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import { type ManagedProcess, findProgram, runTool, startProcess } from '../../src/io/process.ts'

/** What it writes at a time; it has no other size. */
export const PAGE_BYTES = 16 * 1024
export const STATE = '/tmp/127.0.0.1.diskchecker'
/** Names the process that had it made. */
const OWNER = `${STATE}.plugpull`
const LISTEN_LIMIT_MS = 10_000

/** Why it cannot run here, or undefined. What a killed bench of ours left is no reason. */
export function diskcheckerProblem(): string | undefined {
  if (findProgram('perl') === undefined) return 'perl is not installed'
  return existsSync(STATE) && !isLeftOver()
    ? `${STATE} is there: another diskchecker.pl may be at work; remove it if none is`
    : undefined
}

/** Whether the state is that of a bench of ours which is no more. */
function isLeftOver(): boolean {
  try {
    return !existsSync(`/proc/${readFileSync(OWNER, 'utf8')}`)
  } catch {
    return false
  }
}

/** The full path of what was given as `--diskchecker`; throws BAD_OPTION where nothing is there. */
export function suppliedFile(path: string, option: string): string {
  const full = fullPath(path)
  if (existsSync(full)) return full
  throw new ProbeError('BAD_OPTION', `${option} takes the path of a file, there is none at ${path}`)
}

/** Which one it was, for a page. */
export const digestText = (path: string): string =>
  `SHA-256 ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12)}…`

export interface DiskcheckerServer {
  readonly process: ManagedProcess
  readonly address: string
}

export async function startServer(path: string, scratch: { readonly path: string }): Promise<DiskcheckerServer> {
  writeFileSync(OWNER, String(process.pid))
  const port = await freePort()
  const server = startProcess('perl', [path, '-l', String(port)], { scratch })
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

/** Takes its state file away. */
export function forgetDiskchecker(): void {
  for (const file of [STATE, OWNER]) rmSync(file, { force: true })
}
