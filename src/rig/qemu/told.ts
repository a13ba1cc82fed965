/** What a guest of ours is told about its disk, hence what its run is judged by; and what is to be said where its kernel does not listen. */
import { cacheModeFacts } from '../cache-mode.ts'
import { NOTE_OF_FAULT, guestFaultOf } from '../guest/fault.ts'
import type { CacheMode, CutRecord, Survivor } from '../rig.ts'
import { FUA_DISCARD, NOTE_FUA_DISCARD } from '../volatile-disk.ts'
import type { QemuRigOptions } from './options.ts'

/**
 * The contract as the guest reads it. By cache mode for a disk, but for NVMe: there QEMU's volatile write cache is present whatever the
 * mode. A file's writes are stable when the file system says so, whatever the disk below it promises. Device mapper's log-writes says
 * `write back` whatever the disk below it says; flakey says what that disk says.
 */
export function contractTold(
  { bus, fileSystem }: Pick<QemuRigOptions, 'bus' | 'fileSystem'>,
  cache: CacheMode,
  fault?: string,
): Survivor['contract'] {
  return fileSystem !== undefined || bus === 'nvme' || fault === 'log-writes'
    ? 'volatile'
    : cacheModeFacts(cache).contract
}

const FLUSHES_DROPPED =
  "--guest-write-cache through: the guest's kernel drops every flush, so what is lost of the flushed is no fault of the disk"

/** What every cut's note has to say, where there is anything. */
export function caveatOf({ writeCache }: Pick<QemuRigOptions, 'writeCache'>, fault?: string): string | undefined {
  const inGuest = guestFaultOf(fault)
  const caveats = [
    ...(writeCache === 'write through' ? [FLUSHES_DROPPED] : []),
    ...(inGuest === undefined ? [] : [NOTE_OF_FAULT[inGuest]]),
    ...(fault === FUA_DISCARD ? [NOTE_FUA_DISCARD] : []),
  ]
  return caveats.length === 0 ? undefined : caveats.join('; ')
}

/** The record with that caveat in its note. */
export function withCaveat(record: CutRecord, caveat: string | undefined): CutRecord {
  if (caveat === undefined) return record
  return { ...record, note: record.note === undefined ? caveat : `${record.note}; ${caveat}` }
}
