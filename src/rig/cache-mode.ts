/**
 * QEMU's five cache modes as what they are made of, and what the guest is told under each.
 * `writethrough` is a property of the export (each write is followed by a flush); the other two go on both nodes of the chain.
 */
import type { CacheMode } from './rig.ts'

export interface CacheModeFacts {
  /** cache.direct: bypass the host's page cache. */
  readonly direct: boolean
  /** cache.no-flush: ignore the guest's flushes. */
  readonly noFlush: boolean
  /** Complete means stable: the export flushes after each write. */
  readonly writethrough: boolean
  /** What the guest is told, hence what it may rely on. */
  readonly contract: 'volatile' | 'write-through'
}

const FACTS: Readonly<Record<CacheMode, CacheModeFacts>> = {
  none: { direct: true, noFlush: false, writethrough: false, contract: 'volatile' },
  writeback: { direct: false, noFlush: false, writethrough: false, contract: 'volatile' },
  writethrough: { direct: false, noFlush: false, writethrough: true, contract: 'write-through' },
  directsync: { direct: true, noFlush: false, writethrough: true, contract: 'write-through' },
  unsafe: { direct: false, noFlush: true, writethrough: false, contract: 'volatile' },
}

/** What a cache mode is made of. */
export const cacheModeFacts = (mode: CacheMode): CacheModeFacts => FACTS[mode]
