/**
 * Faults inside a guest: a target of the kernel's device mapper between the program and the disk, sector for sector.
 *
 * flakey acknowledges writes and flushes and drops them, or fails them; log-writes passes everything on and keeps a log of it on a
 * second disk. What the mapped disk tells of its cache is the disk's own with flakey, and `write back` with log-writes, always.
 */
import { ProbeError } from '../../core/errors.ts'
import type { DeviceMapping } from './job.ts'

export const GUEST_FAULTS = ['flakey-drop-writes', 'flakey-error-writes', 'log-writes'] as const
export type GuestFault = (typeof GUEST_FAULTS)[number]

/** The disk as the guest names it once a fault lies over it. */
export const MAPPED_DISK = '/dev/mapper/plugpull'

/** Where log-writes keeps its log: the guest's second disk, on virtio-blk, and its file on the host beside the image. */
export const LOG_DISK = '/dev/vdb'
export const LOG_FILE = 'write-log.raw'
/** Holes until it is written to. */
export const LOG_DISK_BYTES = 2 ** 30

/** Modules that a guest with a fault loads. */
export const DEVICE_MAPPER_MODULES = ['dm_mod', 'dm_flakey', 'dm_log_writes']

/** No second is up, all of this time is down; it begins anew when it is over. */
const FLAKEY_DOWN_S = 86_400

/** What is to be said with every cut, so that nobody takes the fault for the disk's own. */
export const NOTE_OF_FAULT: Readonly<Record<GuestFault, string>> = {
  'flakey-drop-writes':
    "--fault flakey-drop-writes: from the beginning of the run on the guest's device mapper acknowledged writes and flushes and dropped them",
  'flakey-error-writes':
    "--fault flakey-error-writes: from the run's first flush on the guest's device mapper failed every write and flush",
  'log-writes': "--fault log-writes: the guest's device mapper passed everything on and kept a log of it",
}

/** The fault of a guest by its name, if it is one. */
export const guestFaultOf = (name: string | undefined): GuestFault | undefined =>
  GUEST_FAULTS.find((fault) => fault === name)

/**
 * How the disk is mapped for that fault. Writes are dropped from before the run on, so that its first flush is a lie however soon the cut
 * comes; they fail only once there was a flush that the disk has to keep.
 */
export function mappingOf(fault: GuestFault, disk: string): DeviceMapping {
  switch (fault) {
    case 'flakey-drop-writes':
      return { ...faultless(disk), later: { afterFlushes: 1, target: flakey(disk, 'drop_writes') } }
    case 'flakey-error-writes':
      return { ...faultless(disk), later: { afterFlushes: 2, target: flakey(disk, 'error_writes') } }
    case 'log-writes':
      return { target: `log-writes ${disk} ${LOG_DISK}` }
  }
}

const flakey = (disk: string, feature: string): string => `flakey ${disk} 0 0 ${FLAKEY_DOWN_S} 1 ${feature}`

/** The same disk under the same name with nothing wrong: for a guest that verifies. */
export const faultless = (disk: string): DeviceMapping => ({ target: `linear ${disk} 0` })

/** Throws BAD_OPTION where the fault does not go with the guest. */
export function checkGuestFault(
  fault: GuestFault,
  guest: { readonly bus: string; readonly fileSystem?: unknown },
): void {
  if (guest.fileSystem !== undefined)
    throw new ProbeError(
      'BAD_OPTION',
      `--fault ${fault} does not go with --guest-filesystem: the fault is of the disk that the agent writes to`,
    )
  if (fault === 'log-writes' && guest.bus !== 'virtio-blk')
    throw new ProbeError('BAD_OPTION', `--fault log-writes goes with --bus virtio-blk, not with --bus ${guest.bus}`)
}
