/**
 * The faults that every tool is shown. All but the first are damage done to the file that survived an honest disk's cut, at places
 * that this tool had written and that were stable for long (device-log.ts), so that the undamaged file is the honest twin.
 */
import type { Prng } from '../../src/core/prng.ts'
import { BLOCK_BYTES, type BlockState } from './device-log.ts'

export const SECTOR_BYTES = 512
export const CLUSTER_BYTES = 65_536

/** What a cut left, and what there is to damage it with. */
export interface Remains {
  readonly bytes: Buffer
  /** The same file earlier in the run. */
  readonly older: Buffer
  /** Blocks that two copies taken one after the other agree on: in the others the copy may be half a write. */
  readonly isSteady: (block: number) => boolean
  readonly blocks: readonly BlockState[]
  readonly owed: ReadonlySet<number>
}

export interface Patch {
  readonly offset: number
  readonly bytes: Buffer
}

export interface Fault {
  readonly name: string
  /** For the page. */
  readonly what: string
  /** Words of a tool's message that count as naming it; the page lists them. */
  readonly names: RegExp
  /** The damage, or undefined where the run left no place for it. Absent where the disk itself lies. */
  readonly damage?: (remains: Remains, random: Prng) => readonly Patch[] | undefined
}

/** The data are missing or older than they must be: a write is lost. */
const LOST = /lost|stale|older|numberio|rand_seed|magic header 0\b/
const MISDIRECTED = /misdirect|header offset/

export const FAULTS: readonly Fault[] = [
  {
    name: 'dropped-flush',
    what: 'the disk acknowledges every flush and carries out none (`nbdkit --filter=fua fuamode=discard`)',
    names: LOST,
  },
  { name: 'flip-bit', what: 'one bit of one sector is flipped', names: /corrupt|crc32c|checksum/, damage: flipBit },
  {
    name: 'stale-sector',
    what: 'one sector of 512 bytes inside a block holds what it held earlier in the run',
    names: new RegExp(`${LOST.source}|torn`),
    damage: (remains, random) => older(remains, random, SECTOR_BYTES),
  },
  {
    name: 'stale-block',
    what: 'one block of 4 KiB holds what it held earlier in the run',
    names: LOST,
    damage: (remains, random) => older(remains, random, BLOCK_BYTES),
  },
  {
    name: 'torn-block',
    what: 'the second half of a block of 4 KiB holds what it held earlier in the run',
    names: /torn|partial/,
    damage: tear,
  },
  {
    name: 'zeroed-cluster',
    what: '64 KiB are zeros',
    names: /lost|zero|magic header 0\b/,
    damage: zeroCluster,
  },
  {
    name: 'misdirected-sector',
    what: 'one sector is overwritten with the sector of another block (the one at the same place in that block)',
    names: MISDIRECTED,
    damage: (remains, random) => misdirect(remains, random, SECTOR_BYTES),
  },
  {
    name: 'misdirected-block',
    what: 'one block of 4 KiB is overwritten with another block',
    names: MISDIRECTED,
    damage: (remains, random) => misdirect(remains, random, BLOCK_BYTES),
  },
  {
    name: 'rolled-back',
    what: 'every stable block holds what it held earlier in the run',
    names: LOST,
    damage: rollBack,
  },
]

/** Sectors of the file that the patches change. */
export function changedSectors(bytes: Buffer, patches: readonly Patch[]): readonly number[] {
  return patches.flatMap((patch) =>
    Array.from({ length: patch.bytes.length / SECTOR_BYTES }, (_, index) => index).flatMap((index) => {
      const sector = patch.offset / SECTOR_BYTES + index
      const isSame = part(bytes, sector, SECTOR_BYTES).equals(part(patch.bytes, index, SECTOR_BYTES))
      return isSame ? [] : [sector]
    }),
  )
}

const part = (bytes: Buffer, index: number, size: number): Buffer => bytes.subarray(index * size, (index + 1) * size)

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0)

/** Blocks that were written, were stable for long at the cut and are there. */
export const stableBlocks = ({ bytes, blocks }: Remains): readonly number[] =>
  blocks.flatMap((state, block) => (state === 'stable' && !isZero(part(bytes, block, BLOCK_BYTES)) ? [block] : []))

function pickFrom<T>(items: readonly T[], random: Prng): T | undefined {
  return items.length === 0 ? undefined : random.pick(items)
}

function flipBit(remains: Remains, random: Prng): readonly Patch[] | undefined {
  const block = pickFrom(stableBlocks(remains), random)
  if (block === undefined) return undefined
  const sector = block * (BLOCK_BYTES / SECTOR_BYTES) + random.below(BLOCK_BYTES / SECTOR_BYTES)
  const bytes = Buffer.from(part(remains.bytes, sector, SECTOR_BYTES))
  const at = random.below(SECTOR_BYTES)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  return [{ offset: sector * SECTOR_BYTES, bytes }]
}

/** Pieces of stable blocks that held something else earlier; those that held a version rather than zeros come first. */
function outdated(remains: Remains, size: number, half: 'any' | 'second'): readonly number[] {
  const perBlock = BLOCK_BYTES / size
  const pieces = stableBlocks(remains)
    .filter(remains.isSteady)
    .flatMap((block) => Array.from({ length: perBlock }, (_, index) => block * perBlock + index))
    .filter((piece) => half === 'any' || piece % perBlock === perBlock - 1)
    .filter((piece) => !part(remains.bytes, piece, size).equals(part(remains.older, piece, size)))
  const versions = pieces.filter((piece) => !isZero(part(remains.older, piece, size)))
  return versions.length > 0 ? versions : pieces
}

const outdatedPatch = (remains: Remains, piece: number, size: number): Patch => ({
  offset: piece * size,
  bytes: part(remains.older, piece, size),
})

function older(remains: Remains, random: Prng, size: number): readonly Patch[] | undefined {
  const piece = pickFrom(outdated(remains, size, 'any'), random)
  return piece === undefined ? undefined : [outdatedPatch(remains, piece, size)]
}

function tear(remains: Remains, random: Prng): readonly Patch[] | undefined {
  const piece = pickFrom(outdated(remains, BLOCK_BYTES / 2, 'second'), random)
  return piece === undefined ? undefined : [outdatedPatch(remains, piece, BLOCK_BYTES / 2)]
}

function rollBack(remains: Remains): readonly Patch[] | undefined {
  const patches = stableBlocks(remains)
    .filter(remains.isSteady)
    .filter((block) => !part(remains.bytes, block, BLOCK_BYTES).equals(part(remains.older, block, BLOCK_BYTES)))
    .map((block) => outdatedPatch(remains, block, BLOCK_BYTES))
  return patches.length === 0 ? undefined : patches
}

/** Only clusters in which zeros are nobody's right: each block that holds anything had to hold something. */
function zeroCluster(remains: Remains, random: Prng): readonly Patch[] | undefined {
  const perCluster = CLUSTER_BYTES / BLOCK_BYTES
  const mayBeZero = (block: number): boolean =>
    !remains.owed.has(block) && !isZero(part(remains.bytes, block, BLOCK_BYTES))
  const clusters = [...new Set(stableBlocks(remains).map((block) => Math.floor(block / perCluster)))].filter(
    (cluster) => !Array.from({ length: perCluster }, (_, index) => cluster * perCluster + index).some(mayBeZero),
  )
  const cluster = pickFrom(clusters, random)
  return cluster === undefined ? undefined : [{ offset: cluster * CLUSTER_BYTES, bytes: Buffer.alloc(CLUSTER_BYTES) }]
}

function misdirect(remains: Remains, random: Prng, size: number): readonly Patch[] | undefined {
  const blocks = stableBlocks(remains)
  const from = pickFrom(blocks, random)
  if (from === undefined) return undefined
  const within = random.below(BLOCK_BYTES / size)
  const piece = (block: number): Buffer => part(remains.bytes, block * (BLOCK_BYTES / size) + within, size)
  const to = pickFrom(
    blocks.filter((block) => !piece(block).equals(piece(from))),
    random,
  )
  return to === undefined ? undefined : [{ offset: to * BLOCK_BYTES + within * size, bytes: Buffer.from(piece(from)) }]
}
