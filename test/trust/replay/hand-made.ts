/** A recording made by hand: an agent's log and the requests that a device saw of it, with the true bytes. */
import { MANIFEST_SCHEMA, type Manifest } from '../../../src/core/manifest.ts'
import { Plan } from '../../../src/core/plan.ts'
import { keyOf } from '../../../src/core/prng.ts'
import type { LogRecord, RecordKind } from '../../../src/core/record.ts'
import { SectorBuffer, Stamper } from '../../../src/core/stamp.ts'
import type { AgentLog } from '../../../trust/replay/agent-log.ts'
import { type BlockEntry, BlockHistory } from '../../../trust/replay/block-history.ts'

export const RUN = '00000000000000aa'
const DEVICE = '00000000000000dd'
const SECTORS = 8

export function manifestOf(script: string): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    run: RUN,
    campaign: 'test',
    device: DEVICE,
    startedAt: '2026-01-01T00:00:00.000Z',
    plan: {
      workload: 'script',
      seed: RUN,
      region: { lba: 0, sectors: SECTORS },
      writeSectors: { least: 1, most: 1 },
      alignSectors: 1,
      clusterSectors: 128,
      fuaPercent: 0,
      cadence: { kind: 'workload' },
      script,
    },
    io: 'direct',
    queueDepth: 8,
    flushMode: 'concurrent',
    commit: 'stream',
    baseline: 'format',
    overlapInFlight: false,
    contract: 'volatile',
    target: { path: '/test', kind: 'file', sizeSectors: SECTORS, logicalBlockBytes: 512 },
    environment: { hostname: 'test', kernel: '', arch: '', node: '', agent: '', cpus: 1, labels: {} },
  }
}

const KINDS: Readonly<Record<string, RecordKind>> = {
  N: 'window',
  i: 'issue',
  c: 'complete',
  e: 'failed',
  f: 'flush-issue',
  d: 'flush-complete',
}

/** `N3 i1 c1 f1 d1`: window, issue, completion, flush issued and done; `e1` a write that failed. */
export function recordsOf(text: string): readonly LogRecord[] {
  return text.split(' ').map((token, at) => ({
    kind: KINDS[token[0] ?? ''] ?? 'tick',
    id: Number(token.slice(1)),
    timeUs: at * 1000,
    errno: token.startsWith('e') ? 5 : 0,
  }))
}

/** `b w1 w2.0 F w2.1!`: the baseline, a whole write, one sector of a write, a flush; `!` is FUA. */
export function entriesOf(text: string, manifest: Manifest): readonly BlockEntry[] {
  const plan = Plan.of(manifest.plan)
  const stamper = new Stamper(keyOf(manifest.run), keyOf(manifest.device))
  const common = { preflush: false, dataAt: 0, note: '' }
  return text.split(' ').map((token): BlockEntry => {
    const [, name = '0', index, fua] = /^[wb](\d*)(?:\.(\d+))?(!?)$/.exec(token) ?? []
    if (token === 'F')
      return { ...common, kind: 'flush', lba: 0, sectors: 0, fua: false, data: SectorBuffer.ofSectors(0), writes: [] }
    const write = Number(name)
    const whole = write === 0 ? { lba: 0, sectors: SECTORS } : plan.write(write)
    const [from, sectors] = index === undefined ? [0, whole.sectors] : [Number(index), 1]
    const data = SectorBuffer.ofSectors(sectors)
    const epoch = write === 0 ? 0 : plan.epochOf(write)
    stamper.fill(data, 0, { write, lba: whole.lba, count: whole.sectors, epoch }, from, sectors)
    const writes = Array.from({ length: sectors }, () => write)
    return { ...common, kind: 'write', lba: whole.lba + from, sectors, fua: fua === '!', data, writes }
  })
}

export function handMade(script: string, records: string, entries: string): { log: AgentLog; blocks: BlockHistory } {
  const manifest = manifestOf(script)
  const log: AgentLog = { manifest, baseline: [], records: recordsOf(records) }
  return { log, blocks: new BlockHistory(entriesOf(entries, manifest)) }
}
