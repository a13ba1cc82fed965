/** A small history before the judge: its log as records, its sectors as what a reader would have seen in them. */
import type { Contract } from '../../src/core/contract.ts'
import type { Content, Finding } from '../../src/core/finding.ts'
import { type History, HistoryBuilder } from '../../src/core/history.ts'
import { Judge } from '../../src/core/judge.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../src/core/manifest.ts'
import { Observations, SEEN, SEEN_OF } from '../../src/core/observations.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { SECTORS, type SmallHistory } from './history.ts'
import type { SmallContract } from './contract.ts'
import { contentAt } from './state.ts'

export const RUN = '00000000000000aa'
export const DEVICE = '00000000000000dd'

export function manifestOf({ skeleton, extents }: SmallHistory): Manifest {
  const script = extents.map(
    ({ from, sectors }, i) => `w ${from}+${sectors}${(skeleton.fua & (2 << i)) === 0 ? '' : ' fua'}`,
  )
  return {
    schema: MANIFEST_SCHEMA,
    run: RUN,
    campaign: 'exhaustive',
    device: DEVICE,
    startedAt: '1970-01-01T00:00:00.000Z',
    plan: {
      workload: 'script',
      seed: RUN,
      region: { lba: 0, sectors: SECTORS },
      writeSectors: { least: 1, most: SECTORS },
      alignSectors: 1,
      clusterSectors: 1,
      fuaPercent: 0,
      cadence: { kind: 'workload' },
      script: script.join(';'),
    },
    io: 'direct',
    queueDepth: 4,
    flushMode: 'concurrent',
    commit: 'stream',
    baseline: 'format',
    overlapInFlight: true,
    contract: 'volatile',
    target: { path: '/exhaustive', kind: 'file', sizeSectors: SECTORS, logicalBlockBytes: 512 },
    environment: { hostname: '', kernel: '', arch: '', node: '', agent: '', cpus: 1, labels: {} },
  }
}

/** The history as the log tells it, one event a millisecond. */
export function historyOf(small: SmallHistory): History {
  const builder = new HistoryBuilder()
  builder.manifest(manifestOf(small))
  let us = 0
  const record = (kind: Parameters<HistoryBuilder['record']>[0], id: number): void =>
    builder.record(kind, id, (us += 1000))
  record('window', small.skeleton.writes)
  let flushes = 0
  for (const event of small.skeleton.events) {
    switch (event.kind) {
      case 'issue':
      case 'complete':
        record(event.kind, event.write)
        break
      case 'flush-issue':
        record(event.kind, ++flushes)
        break
      case 'flush-complete':
        record(event.kind, flushes)
        break
    }
  }
  return builder.finish({ tail: 'clean', bytesUsed: 0, bytesTotal: 0, detail: '' })
}

export const contractOf = ({ base, atomicSectors }: SmallContract): Contract =>
  atomicSectors === 0 ? { name: base } : { name: base, atomicBytes: atomicSectors * 512 }

/** What stands in a sector that holds neither the baseline nor a version. */
export type OddContent = Exclude<Content, { readonly kind: 'version' | 'baseline' }>

const seen = new Observations(SECTORS)

/** The judge's verdict on a state of the sectors; `odd` stands in one of them instead of what the state says. */
export function judge(
  history: History,
  contract: Contract,
  state: number,
  findingsMax: number,
  odd?: { readonly sector: number; readonly content: OddContent },
): Verdict {
  seen.odd.clear()
  for (let sector = 0; sector < SECTORS; sector++) {
    const content = contentAt(state, sector)
    seen.seen[sector] = content === 0 ? SEEN.baseline : SEEN.version
    seen.write[sector] = content
  }
  if (odd !== undefined) {
    const { sector, content } = odd
    seen.seen[sector] = SEEN_OF[content.kind]
    seen.write[sector] = content.kind === 'mix' ? Math.max(content.head, content.tail) : 0
    seen.odd.set(sector, content)
  }
  const made = new Judge(history, contract, { findingsMax })
  made.rangeSeen(0, SECTORS, seen)
  return made.finish()
}

/** `lost! w1`: a finding in the reference's words; headlines, which sum others up, are none. */
export function wordsOf(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ rule }) => rule !== 'flush-lie')
    .map(({ kind, severity, write }) => `${kind}${severity === 'violation' ? '!' : ''} w${write ?? 0}`)
    .toSorted()
}
