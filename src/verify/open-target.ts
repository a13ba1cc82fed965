/**
 * Opens what is to be verified, for reading only: a block device or raw file as it is, a qcow2 image through
 * qemu-storage-daemon. An image that does not open is an outcome here, not an error: the verdict says so.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { ProbeError, errnoOf, messageOf } from '../core/errors.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { openDevice } from '../io/device.ts'
import { createScratch } from '../io/scratch.ts'
import { type StorageDaemon, startStorageDaemon } from '../io/storage-daemon.ts'
import { targetGeometry } from '../io/target.ts'
import type { Readable } from './reading/range-reader.ts'

export const TARGET_FORMATS = ['raw', 'qcow2'] as const
export type TargetFormat = (typeof TARGET_FORMATS)[number]

const QCOW2_MAGIC = Buffer.from('QFI\u00FB', 'latin1')

export interface OpenTarget {
  readonly format: TargetFormat
  readonly device: Readable
  /** What `device` reads: another thread can open it for itself. */
  readonly servedAt: string
  /** Sectors of the smallest read. */
  readonly unitSectors: number
  /** Throws RIG_FAILED where what reads the target died meanwhile: its errors are not the target's. */
  assertServed(): void
  close(): Promise<void>
}

export type Opening =
  | { readonly kind: 'open'; readonly target: OpenTarget }
  | { readonly kind: 'unopenable'; readonly format: TargetFormat; readonly why: string }

/**
 * Opens the target in the given format, or in the one it seems to have: a file that begins with the mark of qcow2 is one,
 * everything else is raw, and so is a block device whatever a guest wrote to its first bytes.
 */
export async function openTarget(
  path: string,
  format: TargetFormat | undefined,
  signal: AbortSignal,
): Promise<Opening> {
  const { kind } = targetGeometry(path)
  const chosen = format ?? (kind === 'file' && beginsAsQcow2(path) ? 'qcow2' : 'raw')
  return chosen === 'raw' ? { kind: 'open', target: openRaw(path) } : openImage(path, signal)
}

function beginsAsQcow2(path: string): boolean {
  const head = Buffer.alloc(QCOW2_MAGIC.length)
  try {
    const descriptor = openSync(path, 'r')
    try {
      readSync(descriptor, head, 0, head.length, 0)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    // openDevice tells better what is wrong, and a first sector that cannot be read is the judge's to name.
    if (errnoOf(error) === undefined) throw error
    return false
  }
  return head.equals(QCOW2_MAGIC)
}

function openRaw(path: string): OpenTarget {
  const device = openDevice(path, { mode: 'direct', access: 'read' })
  const unitSectors = Math.max(1, targetGeometry(path).logicalBlockBytes / SECTOR_BYTES)
  return {
    format: 'raw',
    device,
    servedAt: path,
    unitSectors,
    assertServed: () => undefined,
    close: async () => device.close(),
  }
}

/** Serves the image and opens what is served. The image itself is opened read-only, its backing files too. */
async function openImage(path: string, signal: AbortSignal): Promise<Opening> {
  const scratch = createScratch('verify')
  let daemon: StorageDaemon | undefined
  const stop = async (): Promise<void> => {
    await daemon?.stop()
    scratch.remove()
  }
  try {
    const mountpoint = scratch.file('disk')
    daemon = await startStorageDaemon({ image: path, format: 'qcow2', mountpoint, writable: false, scratch })
    signal.throwIfAborted()
    const target = openRaw(daemon.path)
    const assertServed = assertRunning(daemon, path)
    return {
      kind: 'open',
      target: { ...target, format: 'qcow2', assertServed, close: () => target.close().then(stop) },
    }
  } catch (error) {
    await stop()
    if (!(error instanceof ProbeError) || error.code !== 'TARGET_IO') throw error
    return { kind: 'unopenable', format: 'qcow2', why: reasonOf(path, error) }
  }
}

function assertRunning(daemon: StorageDaemon, path: string): () => void {
  return () => {
    if (daemon.running) return
    throw new ProbeError('RIG_FAILED', `the qemu-storage-daemon that reads ${path} died before all was read; try again`)
  }
}

/** A backing file that is not there was moved by somebody: that says nothing about the device. */
function reasonOf(path: string, error: ProbeError): string {
  const message = messageOf(error)
  if (!/No such file or directory/.test(message)) return message
  throw new ProbeError(
    'TARGET_MISSING',
    `${message}; put the backing file of ${path} back where the image expects it`,
    { cause: error },
  )
}
