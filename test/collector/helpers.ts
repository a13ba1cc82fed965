/** What the collector's tests share: sample runs and verdicts, a server in this process, and one as a process of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { type ServerOptions, createServer } from '../../src/collector/http/server.ts'
import type { Store } from '../../src/collector/store/store.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import type { Measures } from '../../src/core/measures.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'

export const ENTRY = fileURLToPath(new URL('cli-entry.js', import.meta.url))

/** The nth run id. */
export const runId = (n: number): string => n.toString(16).padStart(16, '0')

/** A folder that is gone after the test. */
export function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pp-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function sampleManifest(run: string, campaign = 'sample', labels: Record<string, string> = {}): Manifest {
  return {
    schema: 'plugpull.run/1',
    run,
    campaign,
    device: '00000000000000aa',
    startedAt: '2026-01-01T00:00:00.000Z',
    plan: {
      workload: 'random',
      seed: '0000000000000001',
      region: { lba: 0, sectors: 2048 },
      writeSectors: { least: 1, most: 8 },
      alignSectors: 1,
      clusterSectors: 128,
      fuaPercent: 0,
      cadence: { kind: 'writes', every: 16 },
    },
    io: 'direct',
    queueDepth: 1,
    flushMode: 'barrier',
    commit: 'stream',
    baseline: 'format',
    overlapInFlight: false,
    contract: 'volatile',
    target: { path: '/dev/vdb', kind: 'block', sizeSectors: 2048, logicalBlockBytes: 512 },
    environment: { hostname: 'guest', kernel: '6.1', arch: 'x64', node: 'v20', agent: '0.1.0', cpus: 1, labels },
  }
}

export const wholeManifest = sampleManifest

/** One that is none, as an old store may have it: its plan lacks nearly everything. */
export const stubManifest = (run: string, campaign = 'sample', labels: Record<string, string> = {}): Manifest => ({
  ...sampleManifest(run, campaign, labels),
  plan: JSON.parse('{"workload":"sequential"}'),
})

const NONE = { lost: 0, torn: 0, reordered: 0, corrupt: 0 }

export function sampleVerdict(run: string, changes: Partial<Verdict> = {}): Verdict {
  return {
    schema: 'plugpull.verdict/1',
    run,
    verdict: 'held',
    inconclusiveBecause: [],
    contract: 'volatile',
    consistentWith: ['ordered', 'volatile'],
    checked: {
      sectors: 2048,
      stableSectors: 16,
      supersededSectors: 0,
      stableWrites: 2,
      completeWrites: 3,
      issuedWrites: 3,
      flushes: 1,
    },
    violations: { ...NONE, misdirected: 0, collateral: 0, phantom: 0, unreadable: 0 },
    hazards: { ...NONE },
    liedFlushes: 0,
    exposure: { lostWrites: 0, lostBytes: 0, oldestLostMs: 0 },
    log: { tail: 'clean', ended: false, lastRecordMs: 1234.5 },
    findings: [],
    findingsOmitted: 0,
    ...changes,
  }
}

/** Measures in which everything that can be there is. */
export const sampleMeasures: Measures = {
  atRisk: { completeWrites: 3, tellingWrites: 2, inFlightWrites: 1, multiSectorWrites: 4, sectors: 32 },
  tears: { alignments: { 0: 1, 4096: 2 }, writeSizes: { 8192: 2 }, unlocated: 0 },
  atomicity: {
    4096: { exposed: 4, filling: 3, whole: 3, torn: 0 },
    8192: { exposed: 2, filling: 2, whole: 0, torn: 2 },
  },
  lostAgesMs: { classes: { 0: 1, 500: 1 }, most: 612.5 },
  reordered: { writesAhead: { classes: { 2: 1 }, most: 3 }, msAhead: { classes: { 0: 1 }, most: 0.25 } },
}

/** A verdict with one lost write that the contract permits. */
export const lossyVerdict = (run: string): Verdict =>
  sampleVerdict(run, {
    hazards: { ...NONE, lost: 1 },
    exposure: { lostWrites: 1, lostBytes: 4096, oldestLostMs: 1500 },
    findings: [
      {
        kind: 'lost',
        severity: 'hazard',
        write: 3,
        lba: 8,
        sectors: 8,
        missingSectors: [0, 1, 2, 3, 4, 5, 6, 7],
        boundaries: [],
        boundaryAlignments: [],
        runs: [],
        explanation: 'write 3 was complete and is <gone>',
      },
    ],
  })

export interface TestServer {
  readonly url: string
  readonly client: CollectorClient
}

/** A server on a free port in this process, closed with its store after the test. */
export async function startServer(
  t: TestContext,
  store: Store,
  token?: string,
  more: Partial<Pick<ServerOptions, 'limits' | 'tls'>> = {},
): Promise<TestServer> {
  const now = (): string => new Date().toISOString()
  const logger = pino({ level: 'silent' })
  const given = token === undefined ? {} : { token }
  const server = await createServer({ store, version: 'test', logger, now, ...given, ...more })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const client = new CollectorClient(url, token === undefined ? {} : { token })
  t.after(async () => {
    await client.close()
    await server.close()
    await store.close()
  })
  return { url, client }
}

export interface CollectorProcess {
  readonly url: string
  readonly child: ChildProcess
  /** What it has said on stderr; all of it once it is gone. */
  complaints(): string
  /** Kills it, and resolves once it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

const START_LIMIT_MS = 30_000

/** The collector as a user starts it, on a free port. */
export async function spawnCollector(t: TestContext, store: string, options: string[] = []): Promise<CollectorProcess> {
  const args = ['collector', '--listen', '127.0.0.1:0', '--store', store, '--json', ...options]
  const child = spawn(process.execPath, [ENTRY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'close')
  t.after(() => child.kill('SIGKILL'))
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text))
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no collector within ${START_LIMIT_MS} ms`)), START_LIMIT_MS)
    child.stdout.setEncoding('utf8').once('data', (text: string) => {
      clearTimeout(timer)
      resolve(text)
    })
    child.once('exit', () => {
      clearTimeout(timer)
      reject(new Error(`the collector ended: ${complaints}`))
    })
  })
  const { url } = JSON.parse(line)
  assert.equal(typeof url, 'string')
  return {
    url,
    child,
    complaints: () => complaints,
    kill: async (signal) => {
      child.kill(signal)
      await exited
    },
  }
}

/** Byte `position` of the log of run `n`: what a test writes and expects back. */
export function logBytes(n: number, from: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index++)
    bytes[index] = ((from + index) * 31 + ((from + index) >>> 8) * 7 + n) & 0xff
  return bytes
}

export async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}
