/**
 * A run made by hand: what an agent would have written and recorded, on a file, without an agent.
 * Write n is issued and completed one ms after the other, a flush follows every `flushEvery` writes.
 */
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { BaselineEncoder } from '../../src/core/baseline.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../src/core/manifest.ts'
import { Plan, type PlanSpec } from '../../src/core/plan.ts'
import { keyOf } from '../../src/core/prng.ts'
import { SectorBuffer, Stamper } from '../../src/core/stamp.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'

export const RUN = '00112233aabbccdd'
export const DEVICE = 'fedcba9876543210'

export interface HandMadeOptions {
  readonly plan?: Partial<PlanSpec>
  readonly writes: number
  /** 0: never. */
  readonly flushEvery: number
  readonly sizeSectors?: number
  readonly run?: string
  readonly device?: string
  /** Leave the file without any of this run's bytes. */
  readonly contents?: 'written' | 'baseline' | 'nothing'
  /** `scan`: the file is sparse, and the log has a digest of its zeros. Default: format. */
  readonly baseline?: 'format' | 'scan'
}

export interface HandMade {
  readonly folder: string
  readonly target: string
  readonly log: string
  readonly manifest: Manifest
  readonly plan: Plan
}

/** A folder that is gone after the test. */
export function testFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'pp-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function manifestOf(path: string, sizeSectors: number, options: HandMadeOptions): Manifest {
  const plan: PlanSpec = {
    workload: 'sequential',
    seed: '0000000000000007',
    region: { lba: 0, sectors: sizeSectors },
    writeSectors: { least: 8, most: 8 },
    alignSectors: 1,
    clusterSectors: 128,
    fuaPercent: 0,
    cadence: options.flushEvery === 0 ? { kind: 'never' } : { kind: 'writes', every: options.flushEvery },
    ...options.plan,
  }
  return {
    schema: MANIFEST_SCHEMA,
    run: options.run ?? RUN,
    campaign: 'hand-made',
    device: options.device ?? DEVICE,
    startedAt: '2026-11-20T12:00:00.000Z',
    plan,
    io: 'direct',
    queueDepth: 1,
    flushMode: 'barrier',
    commit: 'stream',
    baseline: options.baseline ?? 'format',
    overlapInFlight: false,
    contract: 'volatile',
    target: { path, kind: 'file', sizeSectors, logicalBlockBytes: 512 },
    environment: { hostname: 'here', kernel: '', arch: '', node: '', agent: '', cpus: 1, labels: {} },
  }
}

/** Writes sectors at their address. */
export function put(descriptor: number, buffer: SectorBuffer, lba: number, sectors = buffer.sectors): void {
  writeSync(descriptor, buffer.bytes, 0, sectors * 512, lba * 512)
}

/** The target file and its log in a folder. */
export function handMade(folder: string, options: HandMadeOptions): HandMade {
  const sizeSectors = options.sizeSectors ?? 2048
  const target = join(folder, 'target.raw')
  const log = join(folder, 'run.log')
  const manifest = manifestOf(target, sizeSectors, options)
  const plan = Plan.of(manifest.plan)
  const stamper = new Stamper(keyOf(manifest.run), keyOf(manifest.device))
  const contents = options.contents ?? 'written'
  const descriptor = openSync(target, 'w')
  try {
    if (contents === 'nothing' || options.baseline === 'scan') ftruncateSync(descriptor, sizeSectors * 512)
    else format(descriptor, stamper, manifest)
    if (contents === 'written') writeAll(descriptor, stamper, plan, options.writes)
    fdatasyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  writeFileSync(log, logOf(manifest, options))
  return { folder, target, log, manifest, plan }
}

function format(descriptor: number, stamper: Stamper, manifest: Manifest): void {
  const { lba, sectors } = manifest.plan.region
  const buffer = SectorBuffer.ofSectors(1024)
  for (let at = 0; at < sectors; at += 1024) {
    const count = Math.min(1024, sectors - at)
    stamper.fill(buffer, 0, { write: 0, lba, count: sectors, epoch: 0 }, at, count)
    put(descriptor, buffer, lba + at, count)
  }
}

function writeAll(descriptor: number, stamper: Stamper, plan: Plan, writes: number): void {
  for (let write = 1; write <= writes; write++) {
    const { lba, sectors } = plan.write(write)
    const buffer = SectorBuffer.ofSectors(sectors)
    stamper.fill(buffer, 0, { write, lba, count: sectors, epoch: plan.epochOf(write) }, 0, sectors)
    put(descriptor, buffer, lba)
  }
}

function logOf(manifest: Manifest, { writes, flushEvery }: HandMadeOptions): Uint8Array {
  const frames = new FrameEncoder()
  const records = new RecordEncoder()
  const parts = [frames.manifest(manifest)]
  if (manifest.baseline === 'scan') {
    const zeros = new Uint32Array(65_536)
    const { lba, sectors } = manifest.plan.region
    const encoder = new BaselineEncoder(lba, (payload) => parts.push(frames.frame('baseline', payload)))
    for (let at = 0; at < sectors; at += zeros.length) encoder.add(Math.min(zeros.length, sectors - at), zeros, zeros)
    encoder.end()
  }
  let us = 0
  records.add('window', writes, us)
  let flush = 0
  for (let write = 1; write <= writes; write++) {
    records.add('issue', write, (us += 1000))
    records.add('complete', write, (us += 1000))
    if (flushEvery > 0 && write % flushEvery === 0) {
      records.add('flush-issue', ++flush, (us += 1000))
      records.add('flush-complete', flush, (us += 1000))
    }
    if (records.pending > 65_536) parts.push(frames.frame('records', records.take()))
  }
  records.add('end', 0, (us += 1000))
  parts.push(frames.frame('records', records.take()))
  return Buffer.concat(parts)
}
