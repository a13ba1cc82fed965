/**
 * The command line of QEMU for a guest with one disk under test, as a pure function: same options, same line.
 *
 * Files other than image, kernel and initramfs are named without a folder, for QEMU runs in the cycle's directory: a socket's path
 * may have 107 bytes, whatever the directory is called.
 */
import type { NodeOption } from '../../io/storage-daemon.ts'
import type { CacheModeFacts } from '../cache-mode.ts'
import { type Bus, KERNEL_ARGUMENTS } from '../guest/guest-image.ts'
import { type GuestFile, JOB_NAME, fileName } from '../guest/job.ts'

export type Accelerator = 'kvm' | 'tcg'

/** The disk under test. */
export interface QemuDisk {
  readonly bus: Bus
  readonly image: string
  readonly format: 'raw' | 'qcow2'
  readonly cache: Pick<CacheModeFacts, 'direct' | 'noFlush' | 'writethrough'>
  /** More options of the format node. */
  readonly nodeOptions?: Readonly<Record<string, NodeOption>>
}

export interface QemuOptions {
  readonly accelerator: Accelerator
  readonly memoryBytes: number
  readonly kernel: string
  readonly initramfs: string
  readonly disk: QemuDisk
  /** A second disk, on virtio-blk: a raw file that keeps what it is given whatever happens to QEMU. */
  readonly logDisk?: string
  /** Names in the working directory. */
  readonly jobFile: string
  /** Files beside the job, by their absolute paths. */
  readonly files?: readonly GuestFile[]
  readonly consoleFile: string
  readonly qmpSocket: string
}

const SERIAL = 'plugpull'

/** The device by which the guest sees the disk. */
const DEVICES: Readonly<Record<Bus, readonly string[]>> = {
  'virtio-blk': ['virtio-blk-pci'],
  'virtio-scsi': ['virtio-scsi-pci,id=scsi', 'scsi-hd,bus=scsi.0'],
  nvme: ['nvme'],
  ahci: ['ich9-ahci,id=ahci', 'ide-hd,bus=ahci.0'],
}

/** All arguments. QEMU ends where the guest restarts, so a guest that panics is seen. */
export function qemuArguments(options: QemuOptions): readonly string[] {
  const { accelerator, memoryBytes, kernel, initramfs, disk } = options
  const settings: readonly (readonly [flag: string, value: string])[] = [
    ['-display', 'none'],
    ['-machine', `q35,accel=${accelerator}`],
    ['-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ['-smp', '1'],
    ['-m', `${Math.ceil(memoryBytes / 2 ** 20)}M`],
    ['-action', 'reboot=shutdown'],
    ['-kernel', kernel],
    ['-initrd', initramfs],
    ['-append', KERNEL_ARGUMENTS],
    ['-fw_cfg', `name=${JOB_NAME},file=${options.jobFile}`],
    // A comma in a value is doubled.
    ...(options.files ?? []).map(
      (file) => ['-fw_cfg', `name=${fileName(file)},file=${file.path.replaceAll(',', ',,')}`] as const,
    ),
    ['-chardev', `file,id=console,path=${options.consoleFile}`],
    ['-serial', 'chardev:console'],
    ['-qmp', `unix:${options.qmpSocket},server=on,wait=off`],
    ['-netdev', 'user,id=net'],
    ['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...diskArguments(disk),
    ...(options.logDisk === undefined ? [] : logDiskArguments(options.logDisk)),
  ]
  return ['-nodefaults', '-no-user-config', ...settings.flat()]
}

/**
 * Two nodes and the device. The cache options go on both nodes, since one that is named does not inherit; a backing file, which is
 * not, does. What makes writethrough is the device.
 */
function diskArguments(disk: QemuDisk): readonly (readonly [flag: string, value: string])[] {
  const cache = { direct: disk.cache.direct, 'no-flush': disk.cache.noFlush }
  const file = { driver: 'file', 'node-name': 'file', filename: disk.image, cache }
  const format = { driver: disk.format, 'node-name': 'disk', file: 'file', cache, ...disk.nodeOptions }
  const own = `drive=disk,serial=${SERIAL},write-cache=${disk.cache.writethrough ? 'off' : 'on'}`
  const devices = DEVICES[disk.bus]
  return [
    ['-blockdev', JSON.stringify(file)],
    ['-blockdev', JSON.stringify(format)],
    ...devices.map((device, at) => ['-device', at === devices.length - 1 ? `${device},${own}` : device] as const),
  ]
}

/** After the disk under test, so that the guest counts it second. */
function logDiskArguments(path: string): readonly (readonly [flag: string, value: string])[] {
  const file = { driver: 'file', 'node-name': 'log-file', filename: path }
  return [
    ['-blockdev', JSON.stringify(file)],
    ['-blockdev', JSON.stringify({ driver: 'raw', 'node-name': 'log', file: 'log-file' })],
    ['-device', 'virtio-blk-pci,drive=log,serial=plugpull-log'],
  ]
}
