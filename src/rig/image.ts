/**
 * Disk images: the formats by their public names, and how each is made with `qemu-img`.
 * An overlay's backing image begins with recognisable old data, so that "the old contents came back" can be seen.
 */
import { closeSync, ftruncateSync, openSync, statSync, truncateSync, writeSync } from 'node:fs'
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
  readonly overlay: boolean
  /** Cluster where `--cluster-size` does not say; absent for raw. */
  readonly defaultClusterBytes?: number
}

export const IMAGES: Readonly<Record<ImageName, ImageKind>> = {
  raw: { name: 'raw', summary: 'a plain file', format: 'raw', extendedL2: false, overlay: false },
  qcow2: {
    name: 'qcow2',
    summary: 'qcow2, 64k clusters',
    format: 'qcow2',
    extendedL2: false,
    overlay: false,
    defaultClusterBytes: 65_536,
  },
  'qcow2-extl2': {
    name: 'qcow2-extl2',
    summary: 'qcow2 with subclusters (extended_l2=on), 128k clusters',
    format: 'qcow2',
    extendedL2: true,
    overlay: false,
    defaultClusterBytes: 131_072,
  },
  'qcow2-overlay': {
    name: 'qcow2-overlay',
    summary: 'a snapshot: qcow2 over a raw backing file that holds old data, 64k clusters',
    format: 'qcow2',
    extendedL2: false,
    overlay: true,
    defaultClusterBytes: 65_536,
  },
  'qcow2-overlay-extl2': {
    name: 'qcow2-overlay-extl2',
    summary: 'the same with subclusters (extended_l2=on), 128k clusters',
    format: 'qcow2',
    extendedL2: true,
    overlay: true,
    defaultClusterBytes: 131_072,
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
/** Without a folder: found beside the overlay wherever a kept cycle is moved to. */
const BACKING_NAME = 'backing.raw'
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
  if (kind.overlay) oldData(join(setup.directory, BACKING_NAME), setup.sizeBytes)
  await runTool('qemu-img', [
    'create',
    '-q',
    '-f',
    'qcow2',
    '-o',
    `cluster_size=${clusterBytes}${kind.extendedL2 ? ',extended_l2=on' : ''}`,
    ...(kind.overlay ? ['-b', BACKING_NAME, '-F', 'raw'] : []),
    path,
    String(setup.sizeBytes),
  ])
  return { path, kind, ...(clusterBytes === undefined ? {} : { clusterBytes }) }
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
