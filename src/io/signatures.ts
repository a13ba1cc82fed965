/**
 * Signatures of data on a target: file systems, partition tables, RAID, LVM, swap, as libblkid knows them (wipefs),
 * and the disk image formats that libblkid does not know, because a qcow2 file written to as if it were raw is lost.
 */
import { closeSync, constants, readSync } from 'node:fs'
import { ProbeError, messageOf } from '../core/errors.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { alignedBuffer, openPath } from './device.ts'
import { runToolSync } from './process.ts'

export interface Signature {
  /** `ext4`, `gpt`, `LVM2_member`, `qcow2`, … */
  readonly type: string
  /** Of the signature, in bytes from the start. */
  readonly offset: number
}

interface ImageFormat {
  readonly type: string
  readonly magic: string
  readonly offset?: number
}

/** Magic numbers at the start of disk images, as latin-1 text. */
const IMAGE_FORMATS: readonly ImageFormat[] = [
  { type: 'qcow2', magic: 'QFI\u00fb' },
  { type: 'qed', magic: 'QED\0' },
  { type: 'vmdk', magic: 'KDMV' },
  { type: 'vmdk', magic: 'COWD' },
  { type: 'vmdk', magic: '# Disk DescriptorFile' },
  { type: 'vdi', magic: '\u007f\u0010\u00da\u00be', offset: 64 },
  { type: 'vhdx', magic: 'vhdxfile' },
  { type: 'vhd', magic: 'conectix' },
  { type: 'parallels', magic: 'WithoutFreeSpace' },
  { type: 'parallels', magic: 'WithouFreSpacExt' },
]
/** A fixed VHD is raw data with its header in the last sector. */
const VHD_FOOTER = 'conectix'
const HEAD_BYTES = 4096
const WIPEFS_LIMIT_MS = 30_000

function readText(descriptor: number, position: number, bytes: number): string {
  const buffer = alignedBuffer(HEAD_BYTES).bytes
  const got = readSync(descriptor, buffer, 0, Math.min(bytes, HEAD_BYTES), position)
  return Buffer.from(buffer.subarray(0, got)).toString('latin1')
}

function imageSignatures(path: string, sizeSectors: number): readonly Signature[] {
  const descriptor = openPath(path, constants.O_RDONLY)
  try {
    const head = readText(descriptor, 0, HEAD_BYTES)
    const found = IMAGE_FORMATS.filter(({ magic, offset = 0 }) => head.startsWith(magic, offset)).map(
      ({ type, offset = 0 }) => ({ type, offset }),
    )
    const footerAt = (sizeSectors - 1) * SECTOR_BYTES
    if (footerAt > 0 && readText(descriptor, footerAt, SECTOR_BYTES).startsWith(VHD_FOOTER))
      found.push({ type: 'vhd', offset: footerAt })
    return found
  } catch (error) {
    throw unchecked(path, messageOf(error), error)
  } finally {
    closeSync(descriptor)
  }
}

const unchecked = (path: string, why: string, cause?: unknown): ProbeError =>
  new ProbeError(
    'TARGET_UNCHECKED',
    `${path} could not be checked for data (${why}); look at it yourself, then add --destroy-data-on ${path}`,
    { cause },
  )

function isEntry(value: unknown): value is { readonly type: string; readonly offset: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'offset' in value &&
    typeof value.offset === 'string'
  )
}

/** The list out of what `wipefs --json` printed; nothing at all where it found nothing. */
function parseWipefs(path: string, text: string): readonly Signature[] {
  if (text.trim() === '') return []
  const document: unknown = JSON.parse(text)
  const list: unknown =
    typeof document === 'object' && document !== null && 'signatures' in document ? document.signatures : undefined
  if (!Array.isArray(list) || !list.every(isEntry)) throw unchecked(path, 'the answer of wipefs is not understood')
  return list.map(({ type, offset }) => ({ type, offset: Number(offset) }))
}

function blkidSignatures(path: string): readonly Signature[] {
  try {
    return parseWipefs(path, runToolSync('wipefs', ['--json', '--', path], { limitMs: WIPEFS_LIMIT_MS }).stdout)
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'TARGET_UNCHECKED') throw error
    throw unchecked(path, messageOf(error), error)
  }
}

/** Everything recognised on a target of that size. Throws TARGET_UNCHECKED where it cannot be told. Only reads. */
export const findSignatures = (path: string, sizeSectors: number): readonly Signature[] => [
  ...imageSignatures(path, sizeSectors),
  ...blkidSignatures(path),
]
