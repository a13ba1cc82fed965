/**
 * The rules of the durability model by name: what each says, where docs/MODEL.md says it, and which documents it rests on.
 * Every finding is an application of exactly one of them; how its facts meet the rule is rule-met.ts.
 */
import type { Finding } from '../finding.ts'

export interface Rule {
  readonly id: string
  /** One sentence. */
  readonly statement: string
  /** Heading in docs/MODEL.md. */
  readonly section: 'Order, floor, allowed contents' | 'Findings' | 'Contracts' | 'What the log proves'
  readonly source: string
}

const SECTOR_STATE =
  'the exhaustive list of what a sector can hold (docs/MODEL.md); FAST’13 for the faults that were seen'

/** All rules. Sources are told in our own words; docs/MODEL.md has their titles. */
export const RULES = {
  'stable-by-flush': {
    id: 'stable-by-flush',
    statement:
      'A write that completed before a flush was issued is on stable storage once that flush has completed; no later cut may take it away.',
    section: 'Order, floor, allowed contents',
    source:
      'VIRTIO 1.2 §5.2.6 (VIRTIO_BLK_T_FLUSH), NVMe Flush, SCSI SBC SYNCHRONIZE CACHE, Linux Documentation/block/writeback_cache_control',
  },
  'stable-by-fua': {
    id: 'stable-by-fua',
    statement: 'A FUA write is on stable storage as soon as it has completed.',
    section: 'Order, floor, allowed contents',
    source: 'Linux Documentation/block/writeback_cache_control (REQ_FUA), the FUA bit of NVMe and SCSI writes',
  },
  'stable-by-write-through': {
    id: 'stable-by-write-through',
    statement:
      'A disk that tells the guest it has no volatile cache has every write on stable storage once it completed.',
    section: 'Contracts',
    source: 'VIRTIO 1.2 §5.2.6 (writeback = 0), Linux queue/write_cache "write through"',
  },
  'flush-lie': {
    id: 'flush-lie',
    statement:
      'A flush that completed vouches for every write that had completed before it was issued; where none of those that can be checked is there, the flush did nothing.',
    section: 'Findings',
    source: 'VIRTIO 1.2 §5.2.6 (VIRTIO_BLK_T_FLUSH), NVMe Flush, SCSI SBC SYNCHRONIZE CACHE',
  },
  'complete-is-not-stable': {
    id: 'complete-is-not-stable',
    statement:
      'A write that completed on a disk with a volatile cache may be lost as a whole until a flush that was issued after its completion has completed.',
    section: 'Order, floor, allowed contents',
    source: 'VIRTIO 1.2 §5.2.6, Linux Documentation/block/writeback_cache_control',
  },
  'may-be-there-in-part': {
    id: 'may-be-there-in-part',
    statement:
      'Of a write of several sectors that is not stable, any sectors may have reached the disk and any may not: only a single sector is all or nothing.',
    section: 'Findings',
    source: 'VIRTIO 1.2 §5.2.6, NVMe NVM Command Set §2.1.4 (AWUPF), FAST’13 (shorn writes)',
  },
  'whole-sector': {
    id: 'whole-sector',
    statement: 'A single sector holds one version as a whole, the old or the new, never the bytes of two.',
    section: 'Contracts',
    source: 'NVMe NVM Command Set §2.1.4 (AWUPF is at least one logical block), FAST’13 (shorn writes)',
  },
  'atomic-unit': {
    id: 'atomic-unit',
    statement:
      'A write that is no longer than the declared atomic unit, and crosses no boundary of that size, is there as a whole or not at all.',
    section: 'Contracts',
    source: 'NVMe NVM Command Set §2.1.4 (AWUPF), Linux queue/atomic_write_unit_max_bytes',
  },
  'undefined-under-unstable': {
    id: 'undefined-under-unstable',
    statement: 'Under virtio-strict a sector that a write which is not yet stable covers may hold anything.',
    section: 'Contracts',
    source: 'VIRTIO 1.2 §5.2.6, read by the letter: nothing is promised of a write before it is stable',
  },
  'later-survived': {
    id: 'later-survived',
    statement:
      'Between two flushes a disk with a volatile cache may make writes stable in any order, so a later one may survive an earlier one that had completed.',
    section: 'Findings',
    source: 'VIRTIO 1.2 §5.2.6, Linux Documentation/block/writeback_cache_control, FAST’13 (unserializable writes)',
  },
  'prefix-consistent': {
    id: 'prefix-consistent',
    statement:
      'Under the contract ordered what survives is a prefix of the history: every write that completed before the newest survivor was issued is there or superseded.',
    section: 'Contracts',
    source: 'docs/MODEL.md, “Prefix consistency”: asked for with --contract ordered, promised by no block standard',
  },
  'commit-without-data': {
    id: 'commit-without-data',
    statement:
      'A commit record vouches for the data written before it: where it survives without them, a recovery would trust it.',
    section: 'Findings',
    source: 'the write-ahead protocol that the workload wal follows; the flush between the two is what it relies on',
  },
  'own-address': {
    id: 'own-address',
    statement: 'A write stands at its own address on its own device and nowhere else.',
    section: 'Findings',
    source: 'FAST’13 (flying writes)',
  },
  'untouched-keeps': {
    id: 'untouched-keeps',
    statement: 'A sector that no write touched still holds what it held before the run.',
    section: 'Findings',
    source: 'docs/MODEL.md: the agent flushes the target before it scans the baseline, and after it formats one',
  },
  'known-contents': {
    id: 'known-contents',
    statement: 'A sector that writes touched holds one of the versions written to it, or what it held before them.',
    section: 'Order, floor, allowed contents',
    source: SECTOR_STATE,
  },
  announced: {
    id: 'announced',
    statement:
      'No write can be on the device that the plan does not hold, or that no intent window had announced before it was issued.',
    section: 'What the log proves',
    source: 'docs/MODEL.md: a window is on stable storage before any write in it is issued; suspect the harness first',
  },
  readable: {
    id: 'readable',
    statement: 'Every sector of the target can be read after the cut.',
    section: 'Findings',
    source: SECTOR_STATE,
  },
  'image-opens': {
    id: 'image-opens',
    statement: 'An image opens after the cut: where it does not, nothing that it was trusted with can be read back.',
    section: 'Findings',
    source: 'docs/MODEL.md, “unreadable”',
  },
} as const satisfies Record<string, Rule>

export type RuleId = keyof typeof RULES

type Facts = Pick<Finding, 'kind' | 'severity' | 'rule' | 'stableBy'>

/** The rule of which the finding is an application. */
export function ruleOf(finding: Facts): Rule {
  return RULES[ruleIdOf(finding)]
}

function ruleIdOf(finding: Facts): RuleId {
  switch (finding.kind) {
    case 'lost':
      return lostRule(finding)
    case 'torn':
      return tornRule(finding)
    case 'reordered':
      return reorderedRule(finding)
    case 'misdirected':
      return 'own-address'
    case 'collateral':
      return 'untouched-keeps'
    case 'corrupt':
      return finding.severity === 'violation' ? 'known-contents' : 'undefined-under-unstable'
    case 'phantom':
      return 'announced'
    case 'unreadable':
      return finding.rule === 'image-does-not-open' ? 'image-opens' : 'readable'
  }
}

function lostRule({ severity, rule, stableBy }: Facts): RuleId {
  if (severity === 'violation') return rule === 'flush-lie' ? 'flush-lie' : stability(stableBy)
  // A stable write whose loss is no violation is one that virtio-strict excuses.
  return stableBy === undefined ? 'complete-is-not-stable' : 'undefined-under-unstable'
}

function tornRule({ severity, rule, stableBy }: Facts): RuleId {
  if (rule === 'atomic') return 'atomic-unit'
  if (severity === 'hazard')
    return rule === undefined && stableBy === undefined ? 'may-be-there-in-part' : 'undefined-under-unstable'
  return rule === 'mixed-sector' ? 'whole-sector' : stability(stableBy)
}

function reorderedRule({ severity, rule }: Facts): RuleId {
  if (rule === 'commit-without-data') return 'commit-without-data'
  return severity === 'violation' ? 'prefix-consistent' : 'later-survived'
}

function stability(stableBy: Finding['stableBy']): RuleId {
  switch (stableBy?.by) {
    case 'fua':
      return 'stable-by-fua'
    case 'write-through':
      return 'stable-by-write-through'
    case 'flush':
    case undefined:
      return 'stable-by-flush'
  }
}
