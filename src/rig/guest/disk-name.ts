/** How the guest's kernel names the disk under test, which is the only disk that a guest of ours has. */
import type { Bus } from './guest-image.ts'

const NAMES: Readonly<Record<Bus, string>> = {
  'virtio-blk': '/dev/vda',
  'virtio-scsi': '/dev/sda',
  nvme: '/dev/nvme0n1',
  ahci: '/dev/sda',
}

/** Path of the disk in the guest. */
export const diskName = (bus: Bus): string => NAMES[bus]
