/**
 * What the device was asked, and when: read from the log of `nbdkit --filter=log`, which stands above the cache and above whatever
 * lies about flushes. It is the same witness for every tool, and none of them sees it.
 */

export const BLOCK_BYTES = 4096

/** How sure it is, without asking the tool, that what a block held at the cut had to survive. */
export type BlockState = 'untouched' | 'stable' | 'unsure'

export interface DeviceHistory {
  /** By the number of the block of 4 KiB. */
  readonly blocks: readonly BlockState[]
  /** Blocks over which some write was stable, though perhaps not the last one: they can never be as they were before the run. */
  readonly owed: ReadonlySet<number>
  readonly writes: number
  readonly flushes: number
  /** Writes that no completed flush made stable: the contract lets a cut take them. */
  readonly writesAtRisk: number
}

interface Span {
  readonly offset: number
  readonly count: number
  /** Place in the log of the issue and of the completion; the latter is infinite where it never came. */
  readonly issued: number
  completed: number
  completedMs: number
}

const ISSUE = /^(\S+ \S+) connection=(\d+) (Write|Zero|Flush) id=(\d+)(?: offset=0x([0-9a-f]+) count=0x([0-9a-f]+))?/
const COMPLETION = /^(\S+ \S+) connection=(\d+) \.\.\.(Write|Zero|Flush) id=(\d+) return=0/

/**
 * Reads a log. A block is `stable` where the last write over it was complete before a flush was issued, and that flush completed at
 * least `marginMs` before the log ends: long enough ago for any tool to have it in its own records.
 */
export function readDeviceLog(text: string, sizeBytes: number, marginMs: number): DeviceHistory {
  const { writes, flushes, lastMs } = requestsIn(text)
  const completed = flushes.filter((flush) => flush.completed < Infinity)
  const old = completed.filter((flush) => flush.completedMs <= lastMs - marginMs)
  return {
    blocks: blockStates(writes, sizeBytes, lastIssue(old)),
    owed: new Set(writes.filter(({ completed: at }) => at < lastIssue(completed)).flatMap(blocksOf)),
    writes: writes.length,
    flushes: completed.length,
    writesAtRisk: writes.filter((write) => write.completed >= lastIssue(completed)).length,
  }
}

function requestsIn(text: string): { writes: readonly Span[]; flushes: readonly Span[]; lastMs: number } {
  const writes: Span[] = []
  const flushes: Span[] = []
  const open = new Map<string, Span>()
  let lastMs = 0
  for (const [place, line] of text.split('\n').entries()) {
    const issue = ISSUE.exec(line)
    const [, stamp = '', connection, kind, id, offset = '0', count = '0'] = issue ?? COMPLETION.exec(line) ?? []
    const key = `${connection} ${id}`
    const atMs = timeMs(stamp)
    lastMs = Math.max(lastMs, atMs)
    const span = open.get(key)
    if (issue !== null) {
      const issued = spanOf(place, offset, count)
      ;(kind === 'Flush' ? flushes : writes).push(issued)
      open.set(key, issued)
    } else if (span !== undefined) {
      Object.assign(span, { completed: place, completedMs: atMs })
      open.delete(key)
    }
  }
  return { writes, flushes, lastMs }
}

const spanOf = (issued: number, offset: string, count: string): Span => ({
  offset: Number.parseInt(offset, 16),
  count: Number.parseInt(count, 16),
  issued,
  completed: Infinity,
  completedMs: Infinity,
})

const timeMs = (stamp: string): number => (stamp === '' ? 0 : Date.parse(`${stamp.replace(' ', 'T')}Z`) || 0)

const lastIssue = (flushes: readonly Span[]): number =>
  flushes.reduce((latest, { issued }) => Math.max(latest, issued), -1)

function blockStates(writes: readonly Span[], sizeBytes: number, stableBefore: number): readonly BlockState[] {
  const blocks = Array.from<BlockState>({ length: Math.ceil(sizeBytes / BLOCK_BYTES) }).fill('untouched')
  for (const write of writes)
    for (const block of blocksOf(write)) blocks[block] = write.completed < stableBefore ? 'stable' : 'unsure'
  return blocks
}

function blocksOf({ offset, count }: Span): readonly number[] {
  const first = Math.floor(offset / BLOCK_BYTES)
  return Array.from({ length: Math.ceil((offset + count) / BLOCK_BYTES) - first }, (_, index) => first + index)
}
