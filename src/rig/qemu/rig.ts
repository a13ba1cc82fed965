/**
 * Rig `qemu`: a guest of ours directly under QEMU, its disk a real image. The cut ends QEMU, or the guest alone, or for `host-power`
 * the whole host: then the image lies on a disk with a volatile cache (volatile-disk.ts), which dies first.
 */
import { truncateSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import type { RawOptions } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { requireAll } from '../../io/requirements.ts'
import { cacheModeFacts } from '../cache-mode.ts'
import { versionsOf } from '../daemon-machine.ts'
import {
  GUEST_FAULTS,
  type GuestFault,
  LOG_DISK_BYTES,
  LOG_FILE,
  MAPPED_DISK,
  checkGuestFault,
  guestFaultOf,
  mappingOf,
} from '../guest/fault.ts'
import { diskName } from '../guest/disk-name.ts'
import { type GuestDisk, makeGuestDisk } from '../guest/guest-disk.ts'
import { type GuestImage, guestImage, modulesFor } from '../guest/guest-image.ts'
import { GUEST_FILE, type GuestJob } from '../guest/job.ts'
import { findKernel } from '../guest/kernel.ts'
import { IMAGES, type Image } from '../image.ts'
import { nodeOptionsOf } from '../node-options.ts'
import { CACHE_MODES, IMAGE_NAMES, type Machine, type RigKind, type RigSetup } from '../rig.ts'
import { withDefault } from '../storage-daemon.ts'
import { FUA_DISCARD } from '../volatile-disk.ts'
import { acceleratorFor } from './accel.ts'
import type { Accelerator } from './arguments.ts'
import { QemuMachine } from './machine.ts'
import { QEMU_OPTIONS, type QemuRigOptions, diskBytesFor, parseQemuOptions } from './options.ts'
import { caveatOf, contractTold } from './told.ts'

const REQUIREMENTS = ['qemu-system-x86_64', 'qemu-img', 'busybox'] as const
const HOST_POWER_REQUIREMENTS = ['nbdkit', 'nbdfuse', 'fuse'] as const

function require(options?: RawOptions): void {
  if (arch() !== 'x64')
    throw new ProbeError(
      'RIG_UNAVAILABLE',
      `rig qemu needs an x86-64 host, whose Node the guest runs; this is ${arch()}`,
    )
  requireAll('rig qemu', REQUIREMENTS)
  findKernel(modulesFor(parseQemuOptions(options).bus))
}

async function prepare(setup: RigSetup): Promise<Machine> {
  const asked = parseQemuOptions(setup.options)
  const nodeOptions = nodeOptionsOf(IMAGES[setup.image].format, setup.options)
  const hostDies = setup.cut === 'host-power'
  if (hostDies) requireAll('--cut host-power', HOST_POWER_REQUIREMENTS)
  const fault = faultOf(setup, asked)
  const guest = await guestImage(asked.bus, { deviceMapper: fault !== undefined })
  const accelerator = await acceleratorFor(asked.acceleration, { image: guest, bus: asked.bus }, setup)
  const versions = await versionsOf(['qemu-system-x86_64', ...(hostDies ? ['nbdkit', 'nbdfuse'] : [])])
  const made: Making = { setup, asked, nodeOptions, guest, accelerator, versions }
  return machineOf(made, await makeGuestDisk(setup, imageBytes(setup, asked)))
}

/** The fault inside the guest, if that is where it is. Throws BAD_OPTION where it does not go with cut or guest. */
function faultOf({ fault, cut }: RigSetup, asked: QemuRigOptions): GuestFault | undefined {
  if (fault === FUA_DISCARD && cut !== 'host-power')
    throw new ProbeError(
      'BAD_OPTION',
      `--fault ${FUA_DISCARD} is of the host's disk, and shows where the host loses its power: add --cut host-power`,
    )
  const inGuest = guestFaultOf(fault)
  if (inGuest !== undefined) checkGuestFault(inGuest, asked)
  return inGuest
}

/** The disk that log-writes writes to; absent without that fault. */
function logDiskOf({ directory, fault }: RigSetup): string | undefined {
  if (guestFaultOf(fault) !== 'log-writes') return undefined
  const path = join(directory, LOG_FILE)
  writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  truncateSync(path, LOG_DISK_BYTES)
  return path
}

export const imageBytes = ({ sizeBytes }: RigSetup, { fileSystem }: QemuRigOptions): number =>
  fileSystem === undefined ? sizeBytes : diskBytesFor(fileSystem.type, sizeBytes)

/** Everything but the image. */
interface Making {
  readonly setup: RigSetup
  readonly asked: QemuRigOptions
  readonly nodeOptions: ReturnType<typeof nodeOptionsOf>
  readonly guest: GuestImage
  readonly accelerator: Accelerator
  readonly versions: Readonly<Record<string, string>>
}

function machineOf(made: Making, { image, hostDisk }: GuestDisk): QemuMachine {
  const { setup, asked, nodeOptions, guest, accelerator } = made
  const cache = cacheModeFacts(setup.cache)
  const caveat = caveatOf(asked, setup.fault)
  const logDisk = logDiskOf(setup)
  const { format } = image.kind
  return new QemuMachine({
    directory: setup.directory,
    ...(setup.scratch === undefined ? {} : { scratch: setup.scratch }),
    cut: setup.cut,
    options: {
      accelerator,
      memoryBytes: asked.memoryBytes,
      kernel: guest.kernel,
      initramfs: guest.initramfs,
      disk: {
        bus: asked.bus,
        image: hostDisk?.path ?? image.path,
        format,
        cache,
        nodeOptions,
      },
      ...(logDisk === undefined ? {} : { logDisk }),
    },
    job: jobOf(setup, asked),
    target: targetOf(setup, asked),
    hostCanVerify: asked.fileSystem === undefined,
    survivor: {
      contract: contractTold(asked, setup.cache, setup.fault),
      survivor: image.path,
      survivorFormat: format,
    },
    labels: labelsOf(made, image),
    ...(caveat === undefined ? {} : { caveat }),
    ...(hostDisk === undefined ? {} : { hostDisk }),
  })
}

function targetOf({ fault }: RigSetup, { bus, fileSystem }: QemuRigOptions): string {
  if (fileSystem !== undefined) return GUEST_FILE
  return guestFaultOf(fault) === undefined ? diskName(bus) : MAPPED_DISK
}

export function jobOf(
  { sizeBytes, fault }: RigSetup,
  { bus, fileSystem, writeCache }: QemuRigOptions,
): Omit<GuestJob, 'command'> {
  const disk = diskName(bus)
  const inGuest = guestFaultOf(fault)
  return {
    disk,
    ...(inGuest === undefined ? {} : { mapping: mappingOf(inGuest, disk) }),
    ...(fileSystem === undefined ? {} : { fileSystem: { ...fileSystem, fileBytes: sizeBytes } }),
    ...(writeCache === undefined ? {} : { writeCache }),
  }
}

export function labelsOf(
  { asked, guest, accelerator, versions }: Pick<Making, 'asked' | 'guest' | 'accelerator' | 'versions'>,
  image: Image,
): Record<string, string> {
  const { bus, fileSystem, writeCache } = asked
  return {
    ...versions,
    bus,
    accel: accelerator,
    'guest-kernel': guest.kernelVersion,
    ...(image.clusterBytes === undefined ? {} : { cluster: String(image.clusterBytes) }),
    ...(fileSystem === undefined ? {} : { filesystem: fileSystem.type, 'mount-options': fileSystem.mountOptions }),
    ...(writeCache === undefined ? {} : { 'guest-write-cache': writeCache }),
    ...(writeCache === 'write through' ? { flushes: "dropped by the guest's kernel" } : {}),
  }
}

export const qemuRig: RigKind = {
  name: 'qemu',
  summary: 'a guest of ours under QEMU; the cut ends QEMU, the guest alone, or the whole host',
  cuts: ['sigkill', 'sigterm', 'qmp-quit', 'guest-reset', 'guest-crash', 'host-power'],
  images: withDefault('qcow2', IMAGE_NAMES),
  caches: CACHE_MODES,
  faults: [FUA_DISCARD, ...GUEST_FAULTS],
  defaultSizeBytes: 64 * 2 ** 20,
  positiveControl: {
    rig: 'qemu',
    cut: 'host-power',
    cache: 'unsafe',
    why: 'cache=unsafe ignores flushes, so losing the host loses flushed writes',
  },
  options: QEMU_OPTIONS,
  bootsGuest: () => true,
  check: (options) => void parseQemuOptions(options),
  require,
  prepare,
}
