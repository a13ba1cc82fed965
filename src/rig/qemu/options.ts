/** The options that rig `qemu` has beyond those of the loop: checked, with their defaults filled in. */
import { type OptionSpec, type RawOptions, choiceOf } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { formatBytes, parseSize } from '../../core/size.ts'
import { BUSES, type Bus } from '../guest/guest-image.ts'
import type { GuestFileSystem, GuestJob } from '../guest/job.ts'
import { QCOW2_OPTIONS, qcow2Options } from '../node-options.ts'

export const ACCELERATIONS = ['auto', 'kvm', 'tcg'] as const
export type Acceleration = (typeof ACCELERATIONS)[number]

const FILE_SYSTEMS = ['ext4', 'xfs'] as const
const WRITE_CACHES = ['through', 'back'] as const

const MEMORY_DEFAULT = '512M'
/** Below, the initramfs does not unpack beside its packed form. */
const MEMORY_BYTES_MIN = 384 * 2 ** 20
const MEMORY_BYTES_MAX = 64 * 2 ** 30

export const QEMU_OPTIONS: readonly OptionSpec[] = [
  { flags: '--bus <name>', description: "bus of the guest's disk", choices: BUSES, default: BUSES[0] },
  {
    flags: '--accel <how>',
    description:
      'auto: KVM where it truly runs a guest, else TCG; found by trying once and remembered until the next boot of this host (kvm tries anew)',
    choices: ACCELERATIONS,
    default: ACCELERATIONS[0],
  },
  { flags: '--guest-memory <size>', description: 'memory of the guest', default: MEMORY_DEFAULT },
  {
    flags: '--guest-filesystem <type>',
    description: 'write to a file in a file system that the guest makes on its disk, not to the disk itself',
    choices: FILE_SYSTEMS,
  },
  {
    flags: '--guest-mount-options <options>',
    description: 'options of that mount, as in barrier=0 (default: none)',
  },
  {
    flags: '--guest-write-cache <mode>',
    description:
      "what the guest's kernel is to think of the disk's cache, whatever the disk says; through: the guest drops every flush, and what is then lost is no fault of the disk",
    choices: WRITE_CACHES,
  },
  ...QCOW2_OPTIONS,
]

export interface QemuRigOptions {
  readonly bus: Bus
  readonly acceleration: Acceleration
  readonly memoryBytes: number
  readonly fileSystem?: Omit<GuestFileSystem, 'fileBytes'>
  readonly writeCache?: NonNullable<GuestJob['writeCache']>
}

/** Throws BAD_OPTION. */
export function parseQemuOptions(raw: RawOptions = {}): QemuRigOptions {
  qcow2Options(raw)
  const writeCache = textOf(raw, 'guestWriteCache')
  const fileSystem = fileSystemOf(textOf(raw, 'guestFilesystem'), textOf(raw, 'guestMountOptions'))
  return {
    bus: choiceOf(textOf(raw, 'bus') ?? BUSES[0], '--bus', BUSES),
    acceleration: choiceOf(textOf(raw, 'accel') ?? ACCELERATIONS[0], '--accel', ACCELERATIONS),
    memoryBytes: memoryOf(textOf(raw, 'guestMemory') ?? MEMORY_DEFAULT),
    ...(fileSystem === undefined ? {} : { fileSystem }),
    ...(writeCache === undefined
      ? {}
      : { writeCache: `write ${choiceOf(writeCache, '--guest-write-cache', WRITE_CACHES)}` as const }),
  }
}

function fileSystemOf(type: string | undefined, mountOptions: string | undefined): QemuRigOptions['fileSystem'] {
  if (type !== undefined)
    return { type: choiceOf(type, '--guest-filesystem', FILE_SYSTEMS), mountOptions: mountOptions ?? '' }
  if (mountOptions !== undefined)
    throw new ProbeError(
      'BAD_OPTION',
      '--guest-mount-options needs --guest-filesystem, which says what is to be mounted',
    )
  return undefined
}

function memoryOf(text: string): number {
  const bytes = parseSize(text, '--guest-memory')
  if (bytes < MEMORY_BYTES_MIN || bytes > MEMORY_BYTES_MAX)
    throw new ProbeError(
      'BAD_OPTION',
      `--guest-memory got ${JSON.stringify(text)}; it takes a size from ${formatBytes(MEMORY_BYTES_MIN)} to ${formatBytes(MEMORY_BYTES_MAX)}`,
    )
  return bytes
}

/** Room for a file of that size: what a new file system of that type keeps for itself, and the least that its mkfs takes. */
export function diskBytesFor(type: GuestFileSystem['type'], fileBytes: number): number {
  const { extraBytes, leastBytes } = ROOM[type]
  const bytes = Math.max(leastBytes, Math.ceil(fileBytes * 1.1) + extraBytes)
  return Math.ceil(bytes / 2 ** 20) * 2 ** 20
}

const ROOM = {
  ext4: { extraBytes: 32 * 2 ** 20, leastBytes: 0 },
  xfs: { extraBytes: 96 * 2 ** 20, leastBytes: 384 * 2 ** 20 },
} as const

function textOf(raw: RawOptions, key: string): string | undefined {
  const value = raw[key]
  return typeof value === 'string' ? value : undefined
}
