/**
 * Disk images: the formats by their public names, and how each is made with `qemu-img`.
 * An overlay's backing image begins with recognisable old data, so that "the old contents came back" can be seen.
 */
import { closeSync, ftruncateSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../core/errors.ts'
import { formatBytes } from '../core/size.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { runTool } from '../io/process.ts'
import type { ImageName, RigSetup } from './rig.ts'

/** What a format is made of. */
export interface ImageKind {
  readonly name: ImageName
  readonly summary: string
  readonly format: 'raw' | 'qcow2'
  /** Subclusters: 32 per cluster, each allocated by itself. */
  readonly extendedL2: boolean
  /** What an overlay lies over, in the end; absent for an image that stands alone. */
  readonly base?: 'raw' | 'qcow2' | 'qcow2-extl2'
  /** Cluster where `--cluster-size` does not say; absent for raw. */
  readonly defaultClusterBytes?: number
}

const PLAIN = { format: 'qcow2', extendedL2: false, defaultClusterBytes: 65_536 } as const
const SUBCLUSTERS = { format: 'qcow2', extendedL2: true, defaultClusterBytes: 131_072 } as const

export const IMAGES: Readonly<Record<ImageName, ImageKind>> = {
  raw: { name: 'raw', summary: 'a plain file', format: 'raw', extendedL2: false },
  qcow2: { ...PLAIN, name: 'qcow2', summary: 'qcow2, 64k clusters' },
  'qcow2-extl2': {
    ...SUBCLUSTERS,
    name: 'qcow2-extl2',
    summary: 'qcow2 with subclusters (extended_l2=on), 128k clusters',
  },
  'qcow2-overlay': {
    ...PLAIN,
    name: 'qcow2-overlay',
    summary: 'a snapshot: qcow2 over a raw backing file that holds old data, 64k clusters',
    base: 'raw',
  },
  'qcow2-overlay-extl2': {
    ...SUBCLUSTERS,
    name: 'qcow2-overlay-extl2',
    summary: 'the same with subclusters (extended_l2=on), 128k clusters',
    base: 'raw',
  },
  'qcow2-overlay-on-qcow2': {
    ...PLAIN,
    name: 'qcow2-overlay-on-qcow2',
    summary: 'qcow2 over a qcow2 backing file that holds old data, 64k clusters in both',
    base: 'qcow2',
  },
  'qcow2-overlay-extl2-on-extl2': {
    ...SUBCLUSTERS,
    name: 'qcow2-overlay-extl2-on-extl2',
    summary: 'the same with subclusters (extended_l2=on) in both, 128k clusters',
    base: 'qcow2-extl2',
  },
}

/** An image on disk. */
export interface Image {
  readonly path: string
  readonly kind: ImageKind
  readonly clusterBytes?: number
}

/** The first part of a backing file carries old data; the rest stays a hole, so that a large image costs nothing. */
const OLD_DATA_BYTES = 4 * 2 ** 20
const CLUSTER_BYTES_MAX = 2 ** 21
/** Metadata beyond the tables that grow with the image: header, first tables, and room for their reallocation. */
const METADATA_SLACK_BYTES = 16 * 2 ** 20

/** The cluster size that the image will have; `undefined` for raw. Throws BAD_OPTION where the format cannot have the one asked for. */
export function clusterBytesOf(kind: ImageKind, asked: number | undefined): number | undefined {
  if (kind.defaultClusterBytes === undefined) return undefined
  const bytes = asked ?? kind.defaultClusterBytes
  const least = kind.extendedL2 ? 16_384 : 512
  if (bytes < least || bytes > CLUSTER_BYTES_MAX || !Number.isInteger(Math.log2(bytes))) {
    throw new ProbeError(
      'BAD_OPTION',
      `--cluster-size got ${bytes} bytes; --image ${kind.name} takes a power of two from ${formatBytes(least)} to ${formatBytes(CLUSTER_BYTES_MAX)}`,
    )
  }
  return bytes
}

/** Throws BAD_OPTION where an image of that kind has no backing files to be `length` of. */
export function checkChain(kind: ImageKind, length: number): void {
  if (length === 1 || kind.base !== undefined) return
  const overlays = Object.values(IMAGES).filter(({ base }) => base !== undefined)
  throw new ProbeError(
    'BAD_OPTION',
    `--backing-chain goes with an overlay, not with --image ${kind.name}; take ${overlays.map(({ name }) => name).join(', ')}`,
  )
}

/** Makes the image of a cycle in its directory. Throws RIG_FAILED with what qemu-img said. */
export async function createImage(setup: RigSetup): Promise<Image> {
  const kind = IMAGES[setup.image]
  if (kind.format === 'raw') {
    const path = join(setup.directory, 'disk.raw')
    truncated(path, setup.sizeBytes)
    return { path, kind }
  }
  const path = join(setup.directory, 'disk.qcow2')
  const clusterBytes = clusterBytesOf(kind, setup.clusterBytes)
  const layer = layerOptions(kind, clusterBytes)
  await createLayer(path, layer, setup, kind.base === undefined ? undefined : await backingOf(kind.base, layer, setup))
  return { path, kind, ...(clusterBytes === undefined ? {} : { clusterBytes }) }
}

const layerOptions = ({ extendedL2 }: Pick<ImageKind, 'extendedL2'>, clusterBytes: number | undefined): string =>
  `cluster_size=${clusterBytes}${extendedL2 ? ',extended_l2=on' : ''}`

/** A file below another, by its name alone: found beside the overlay wherever a kept cycle is moved to. */
interface Backing {
  readonly name: string
  readonly format: 'raw' | 'qcow2'
}

async function createLayer(path: string, layer: string, setup: RigSetup, backing?: Backing): Promise<void> {
  const below = backing === undefined ? [] : ['-b', backing.name, '-F', backing.format]
  await runTool('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', layer, ...below, path, String(setup.sizeBytes)])
}

/** The base with the old data, and the empty layers of a longer chain upon it; returns the topmost. */
async function backingOf(base: NonNullable<ImageKind['base']>, layer: string, setup: RigSetup): Promise<Backing> {
  let top = await baseOf(base, layer, setup)
  for (let number = 2; number <= (setup.chainLength ?? 1); number++) {
    const name = `snapshot-${number}.qcow2`
    await createLayer(join(setup.directory, name), layer, setup, top)
    top = { name, format: 'qcow2' }
  }
  return top
}

async function baseOf(base: NonNullable<ImageKind['base']>, layer: string, setup: RigSetup): Promise<Backing> {
  const raw = join(setup.directory, 'backing.raw')
  oldData(raw, setup.sizeBytes)
  if (base === 'raw') return { name: 'backing.raw', format: 'raw' }
  const name = 'backing.qcow2'
  await runTool('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-o', layer, raw, join(setup.directory, name)])
  rmSync(raw)
  return { name, format: 'qcow2' }
}

/** Lengthens an image file to the most it can ever take: a disk, unlike a file, does not grow. */
export function reserveRoom(image: Image, sizeBytes: number): void {
  if (image.clusterBytes === undefined) return
  const tables = Math.ceil(sizeBytes / image.clusterBytes) * 32
  truncateSync(image.path, Math.max(statSync(image.path).size, sizeBytes + tables + METADATA_SLACK_BYTES))
}

function truncated(path: string, bytes: number): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    ftruncateSync(file, bytes)
  } finally {
    closeSync(file)
  }
}

function oldData(path: string, sizeBytes: number): void {
  const bytes = Math.min(sizeBytes, OLD_DATA_BYTES)
  const data = Buffer.alloc(bytes)
  for (let at = 0; at < bytes; at += SECTOR_BYTES)
    data.fill(`old data, sector ${at / SECTOR_BYTES}\n`, at, Math.min(at + SECTOR_BYTES, bytes))
  const file = openSync(path, 'wx', 0o600)
  try {
    for (let at = 0; at < bytes;) at += writeSync(file, data, at)
    ftruncateSync(file, sizeBytes)
  } finally {
    closeSync(file)
  }
}
