/**
 * The guest: a Debian kernel with an initramfs of busybox, Node and the program as one file. Built in a second or two, without
 * network, and kept for the next time.
 */
import { ProbeError } from '../../core/errors.ts'

export interface GuestImage {
  readonly kernel: string
  readonly initramfs: string
  /** As `uname -r` says. */
  readonly kernelVersion: string
}

/** Buses that the guest's disk may hang on. */
export const BUSES = ['virtio-blk', 'virtio-scsi', 'nvme', 'ahci'] as const
export type Bus = (typeof BUSES)[number]

/** What the kernel is told: console on the first serial port, restart (which ends the machine) at once on a panic. */
export const KERNEL_ARGUMENTS = 'console=ttyS0 quiet panic=-1'

/** Printed on the console by init before it starts the program, so that a guest that does not get there can be told apart. */
export const READY_MARK = 'plugpull guest: running'

/** The image for that bus; built where it is not there, or not of these parts. Throws RIG_UNAVAILABLE naming what is missing. */
export async function guestImage(_bus: Bus): Promise<GuestImage> {
  await Promise.resolve()
  throw new ProbeError('RIG_UNAVAILABLE', 'not built yet')
}
