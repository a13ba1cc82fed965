/**
 * One measurement in a process of its own: `one.js verify TARGET LOG [THREADS]` verifies, `one.js copy` copies memory.
 * The clock runs from the first byte of the log to the verdict; the start of Node is not in it.
 */
import { fileLog } from '../../src/io/log-source.ts'
import { verify } from '../../src/verify/verify.ts'

/** What is printed, as JSON. */
export interface Measured {
  readonly ms: number
  readonly cpuMs: number
  readonly bytes: number
  readonly verdict: string
  /** Peak resident memory of the process. */
  readonly peakBytes: number
}

const BLOCK_BYTES = 256 * 2 ** 20
const BLOCKS = 8

async function verified(target: string, log: string, threads: string | undefined): Promise<[number, string]> {
  const { verdict } = await verify({
    target,
    format: undefined,
    log: await fileLog(log),
    contract: undefined,
    findingsMax: 100,
    sameTarget: false,
    exhibits: true,
    pictures: false,
    ...(threads === undefined ? {} : { threads: Number(threads) }),
    signal: new AbortController().signal,
    quiet: true,
  })
  return [verdict.checked.sectors * 512, verdict.verdict]
}

/** One thread's memcpy between two blocks that no cache of the processor holds. */
function copied(from: Uint8Array, to: Uint8Array): [number, string] {
  for (let i = 0; i < BLOCKS; i++) to.set(from)
  return [BLOCKS * BLOCK_BYTES, '']
}

const [mode, target = '', log = '', threads] = process.argv.slice(2)
const block = (): Uint8Array => new Uint8Array(BLOCK_BYTES).fill(1)
const blocks = mode === 'copy' ? ([block(), block()] as const) : undefined
const started = performance.now()
const before = process.cpuUsage()
const [bytes, verdict] = blocks === undefined ? await verified(target, log, threads) : copied(...blocks)
const { user, system } = process.cpuUsage(before)
const measured: Measured = {
  ms: performance.now() - started,
  cpuMs: (user + system) / 1000,
  bytes,
  verdict,
  peakBytes: process.resourceUsage().maxRSS * 1024,
}
process.stdout.write(`${JSON.stringify(measured)}\n`)
