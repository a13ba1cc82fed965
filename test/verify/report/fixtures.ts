/** Hand-made verifications that show every part of a report. */
import type { Content, Finding } from '../../../src/core/finding.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../../src/core/manifest.ts'
import { VERDICT_SCHEMA, type Verdict } from '../../../src/core/verdict.ts'
import type { Neighbourhood, Verification, WriteStory } from '../../../src/verify/report/report.ts'

const RUN = '00112233aabbccdd'

export const manifest: Manifest = {
  schema: MANIFEST_SCHEMA,
  run: RUN,
  campaign: 'demo',
  device: 'fedcba9876543210',
  startedAt: '2026-11-20T12:00:00.000Z',
  plan: {
    workload: 'script',
    seed: '0000000000000001',
    region: { lba: 0, sectors: 131072 },
    writeSectors: { least: 8, most: 8 },
    alignSectors: 1,
    clusterSectors: 128,
    fuaPercent: 0,
    cadence: { kind: 'workload' },
    script: 'w 8+16; flush; w 0+16',
  },
  io: 'direct',
  queueDepth: 1,
  flushMode: 'barrier',
  commit: 'stream',
  baseline: 'format',
  overlapInFlight: false,
  contract: 'volatile',
  target: { path: '/dev/vdb', kind: 'block', sizeSectors: 131072, logicalBlockBytes: 512, writeCache: 'write back' },
  environment: { hostname: 'guest', kernel: '6.1', arch: 'x64', node: 'v20', agent: '0.1.0', cpus: 2, labels: {} },
}

const verdict: Verdict = {
  schema: VERDICT_SCHEMA,
  run: RUN,
  verdict: 'held',
  inconclusiveBecause: [],
  contract: 'volatile',
  consistentWith: ['volatile', 'virtio-strict'],
  checked: {
    sectors: 131072,
    stableSectors: 16,
    supersededSectors: 8,
    stableWrites: 1,
    completeWrites: 2,
    issuedWrites: 2,
    flushes: 1,
  },
  violations: { lost: 0, torn: 0, reordered: 0, misdirected: 0, collateral: 0, corrupt: 0, phantom: 0, unreadable: 0 },
  hazards: { lost: 0, torn: 0, reordered: 0, corrupt: 0 },
  liedFlushes: 0,
  exposure: { lostWrites: 0, lostBytes: 0, oldestLostMs: 0 },
  log: { tail: 'clean', ended: false, lastRecordMs: 1003.5 },
  findings: [],
  findingsOmitted: 0,
}

const nothing = { missingSectors: [], boundaries: [], boundaryAlignments: [], runs: [] } as const

export const tear: Finding = {
  kind: 'torn',
  severity: 'hazard',
  write: 2,
  lba: 0,
  sectors: 16,
  missingSectors: [0, 1, 2, 3, 4, 5, 6, 7],
  boundaries: [4096],
  boundaryAlignments: [4096],
  runs: [
    { index: 0, sectors: 8, state: 'missing', found: { kind: 'baseline' } },
    { index: 8, sectors: 8, state: 'present', found: { kind: 'version', write: 2 } },
  ],
  issuedMs: 2.5,
  completedMs: 3.25,
  ageMs: 1000.25,
  explanation: 'write 2 is there only in part: 8 of 16 sectors missing; found instead: what was there before the run',
}

const times = (n: number, of: readonly [sectors: number, value: number][]): number[] =>
  of.flatMap(([sectors, value]) => Array.from({ length: sectors }, () => value)).slice(0, n)
const version = (write: number): Content => (write === 0 ? { kind: 'baseline' } : { kind: 'version', write })

const stories: readonly WriteStory[] = [
  {
    write: 1,
    lba: 8,
    sectors: 16,
    fua: false,
    issuedMs: 0.2,
    completedMs: 0.9,
    stableBy: { by: 'flush', flush: 1, issuedMs: 1, completedMs: 2 },
  },
  { write: 2, lba: 0, sectors: 16, fua: false, issuedMs: 2.5, completedMs: 3.25 },
]

/** The published picture: `B B A old` before, `old B A old` after. */
export const tearPlace: Neighbourhood = {
  lba: 0,
  planned: times(32, [
    [16, 2],
    [8, 1],
    [8, 0],
  ]),
  found: times(32, [
    [8, 0],
    [8, 2],
    [8, 1],
    [8, 0],
  ]).map(version),
  writes: new Map(stories.map((story) => [story.write, story])),
}

const base = { manifest, target: { path: 'disk.qcow2', format: 'qcow2' }, log: 'run.log', remarks: [] } as const

/** The published tear: permitted, and what the report is read for. */
export const held: Verification = {
  ...base,
  verdict: {
    ...verdict,
    hazards: { ...verdict.hazards, torn: 1 },
    exposure: { lostWrites: 1, lostBytes: 4096, oldestLostMs: 1000.25 },
    findings: [tear],
  },
  cut: {
    kind: 'sigkill',
    at: '2026-11-20T12:00:01.004Z',
    signal: 'SIGKILL',
    target: { what: 'qemu-storage-daemon', pid: 4711 },
    alsoDied: ['nbdkit'],
    died: true,
  },
  pictures: new Map([[tear, tearPlace]]),
}

export const lie: Finding = {
  kind: 'lost',
  severity: 'violation',
  rule: 'flush-lie',
  write: 7,
  lba: 96,
  sectors: 8,
  ...nothing,
  stableBy: { by: 'flush', flush: 3, issuedMs: 10, completedMs: 12 },
  explanation: 'the flush was a lie: flush 3 completed, and the write it made stable is missing',
}

export const lost: Finding = {
  kind: 'lost',
  severity: 'violation',
  write: 7,
  lba: 96,
  sectors: 8,
  missingSectors: [0, 1, 2, 3, 4, 5, 6, 7],
  boundaries: [],
  boundaryAlignments: [],
  runs: [{ index: 0, sectors: 8, state: 'missing', found: { kind: 'zeros' }, floor: 7 }],
  issuedMs: 8,
  completedMs: 9,
  stableBy: { by: 'flush', flush: 3, issuedMs: 10, completedMs: 12 },
  ageMs: 61000,
  explanation: 'write 7 is not there; found instead: zeros',
}

const odd = (kind: Finding['kind'], lba: number, found: Content, extra: Partial<Finding> = {}): Finding => ({
  kind,
  severity: 'violation',
  lba,
  sectors: 1,
  ...nothing,
  runs: [{ index: 0, sectors: 1, state: 'unknown', found }],
  explanation: `sector ${lba} of kind ${kind}`,
  ...extra,
})

const stranger: Content = { kind: 'elsewhere', run: RUN, device: 'fedcba9876543210', lba: 40, write: 5 }
export const misdirected = odd('misdirected', 41, stranger, { write: 5 })
const unreadable = odd('unreadable', 200, { kind: 'unreadable', errno: 'EIO' })
const corrupt = odd('corrupt', 50, { kind: 'garbage', bitDistance: 3, nearestWrite: 4 }, { write: 4 })

/** Violations of several kinds, names that need escaping, a damaged log, more findings than are told. */
export const violation: Verification = {
  ...base,
  manifest: {
    ...manifest,
    campaign: 'a<b> & "c"',
    environment: { ...manifest.environment, labels: { cache: "un'safe\u0000", note: 'line 1\nline 2' } },
  },
  verdict: {
    ...verdict,
    verdict: 'violation',
    consistentWith: [],
    violations: { ...verdict.violations, lost: 1, misdirected: 1, corrupt: 1, unreadable: 1 },
    hazards: { ...verdict.hazards, lost: 1200, reordered: 2 },
    liedFlushes: 1,
    exposure: { lostWrites: 1201, lostBytes: 4919296, oldestLostMs: 61000 },
    log: { tail: 'corrupt', ended: false, lastRecordMs: 70000 },
    findings: [
      lie,
      lost,
      misdirected,
      corrupt,
      unreadable,
      { ...lost, severity: 'hazard', write: 9, lba: 300, explanation: 'write 9 is not there' },
    ],
    findingsOmitted: 1198,
  },
  target: { path: '/dev/vdb', format: 'raw' },
  log: 'http://127.0.0.1:7117 run 00112233aabbccdd',
  cut: { kind: 'sigterm', at: '2026-11-20T12:01:10.000Z', signal: 'SIGTERM', died: false },
  pictures: new Map(),
  remarks: ['frame 12 at byte 900 is damaged: its check sum does not match; the last 40 of 940 bytes are left out'],
}

export const inconclusive: Verification = {
  ...base,
  verdict: {
    ...verdict,
    verdict: 'inconclusive',
    inconclusiveBecause: ['no write was stable when the cut came, so nothing was promised that could be checked'],
    checked: { ...verdict.checked, stableSectors: 0, supersededSectors: 0, stableWrites: 0, flushes: 0 },
    log: { tail: 'truncated', ended: true, lastRecordMs: 4 },
  },
  pictures: new Map(),
}
