/**
 * A write log, read with the stamps in its data: which of the agent's writes each sector of each entry belongs to, and so from which
 * point of the log on a write is on the device, and from which on an honest device has to keep it. Points are counts of entries: point k
 * is after the first k of them.
 */
import type { Manifest } from '../../src/core/manifest.ts'
import { keyOf } from '../../src/core/prng.ts'
import { type SectorBuffer, decodeStamp } from '../../src/core/stamp.ts'
import type { WriteLogEntry } from '../../src/core/write-log.ts'

/** An entry and what it wrote. */
export interface BlockEntry extends WriteLogEntry {
  readonly data: SectorBuffer
  /** The agent's write of each sector; 0 is the baseline. */
  readonly writes: readonly number[]
}

/** One version of a sector: the entry that brought it, and the write that it is of. */
export interface Version {
  readonly entry: number
  readonly write: number
}

export class BlockHistory {
  /** Entries up to the first that holds anything but stamped sectors of the run: a log that ended in a cut may have one. */
  readonly entries: readonly BlockEntry[]
  /** The first point at which the run can begin: the baseline is written and flushed. */
  readonly ready: number
  /** By address, in the order of the log. Baselines are left out. */
  readonly versions: ReadonlyMap<number, readonly Version[]>
  /** For an entry that overwrites another of the run, the newest such. */
  readonly overwritten: ReadonlyMap<number, BlockEntry>
  readonly #written = new Map<number, number>()
  readonly #sectorsSeen = new Map<number, number>()
  readonly #kept: readonly number[]
  readonly #keptAt = new Map<number, number>()

  constructor(entries: readonly BlockEntry[]) {
    this.entries = entries
    this.#kept = keptFrom(entries)
    const versions = new Map<number, Version[]>()
    const overwritten = new Map<number, BlockEntry>()
    entries.forEach((entry, at) => {
      const older = Math.max(-1, ...entry.writes.map((_, i) => versions.get(entry.lba + i)?.at(-1)?.entry ?? -1))
      const olderEntry = entries[older]
      if (olderEntry !== undefined) overwritten.set(at, olderEntry)
      entry.writes.forEach((write, i) => {
        this.#see(write, at)
        if (write === 0) return
        const address = entry.lba + i
        versions.set(address, [...(versions.get(address) ?? []), { entry: at, write }])
      })
    })
    this.versions = versions
    this.overwritten = overwritten
    this.ready = this.#keptAt.get(0) ?? 0
  }

  #see(write: number, at: number): void {
    this.#written.set(write, at + 1)
    this.#keptAt.set(write, Math.max(this.#keptAt.get(write) ?? 0, this.#kept[at] ?? Infinity))
    this.#sectorsSeen.set(write, (this.#sectorsSeen.get(write) ?? 0) + 1)
  }

  /** The first point at which all `sectors` of a write are on the device; Infinity where the log never has them. */
  writtenAt(write: number, sectors: number): number {
    return (this.#sectorsSeen.get(write) ?? 0) < sectors ? Infinity : (this.#written.get(write) ?? Infinity)
  }

  /** The first point at which an honest device must keep them through a cut: all are FUA, or followed by a flush. */
  keptAt(write: number, sectors: number): number {
    return (this.#sectorsSeen.get(write) ?? 0) < sectors ? Infinity : (this.#keptAt.get(write) ?? Infinity)
  }

  /** The last point up to `point` at which everything before it had been flushed. */
  flushedBefore(point: number): number {
    for (let at = point - 1; at >= 0; at--) {
      const entry = this.entries[at]
      if (entry !== undefined && isFlush(entry)) return entry.kind === 'flush' ? at + 1 : at
    }
    return 0
  }
}

const isFlush = ({ kind, preflush }: BlockEntry): boolean => kind === 'flush' || preflush

/** For each entry the first point at which it is kept: its own where it is FUA, else that of the next flush. */
function keptFrom(entries: readonly BlockEntry[]): readonly number[] {
  const kept: number[] = []
  let nextFlush = Infinity
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at]
    if (entry === undefined) continue
    kept[at] = entry.fua ? at + 1 : nextFlush
    if (isFlush(entry)) nextFlush = at + 1
  }
  return kept
}

/** The entries with their data, up to the first that is not wholly of this run. Throws where something else than the tail is not. */
export function blockHistoryOf(
  entries: readonly WriteLogEntry[],
  dataOf: (entry: WriteLogEntry) => SectorBuffer,
  manifest: Manifest,
): BlockHistory {
  const run = keyOf(manifest.run)
  const known: BlockEntry[] = []
  for (const entry of entries) {
    if (entry.kind === 'mark') continue
    if (entry.kind === 'discard')
      throw new Error(`the log has a discard of ${entry.sectors} sectors, which no agent asks for`)
    const data = dataOf(entry)
    const writes = Array.from({ length: entry.sectors }, (_, i) => {
      const stamp = decodeStamp(data.words, i)
      const isOurs = stamp?.run.lo === run.lo && stamp.run.hi === run.hi && stamp.lba === entry.lba + i
      return isOurs ? stamp.write : -1
    })
    if (writes.includes(-1)) break
    known.push({ ...entry, data, writes })
  }
  return new BlockHistory(known)
}
