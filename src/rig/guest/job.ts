/**
 * What a guest of ours is told to do, as text that its init reads with busybox alone: one `key=value` a line, `argument` once for
 * each argument of the program, in order. It travels in QEMU's firmware configuration (fw_cfg), where no length matters, as a kernel
 * command line's 2048 characters would. deploy/guest/init reads it.
 */
import assert from 'node:assert/strict'

/** Name of the fw_cfg file; in the guest /sys/firmware/qemu_fw_cfg/by_name/NAME/raw. */
export const JOB_NAME = 'opt/org.plugpull/job'

/** A file of this host that the guest gets beside its job. */
export interface GuestFile {
  readonly name: 'token' | 'ca'
  readonly path: string
}

export const fileName = ({ name }: Pick<GuestFile, 'name'>): string => `opt/org.plugpull/${name}`

/** Where it lies in the guest. */
export const guestPath = (file: Pick<GuestFile, 'name'>): string =>
  `/sys/firmware/qemu_fw_cfg/by_name/${fileName(file)}/raw`

/** A file system that the guest makes (once, where there is none of ours) and mounts; the target is then a file in it. */
export interface GuestFileSystem {
  readonly type: 'ext4' | 'xfs'
  /** As for `mount -o`; empty for none. */
  readonly mountOptions: string
  readonly fileBytes: number
}

/** A table of device mapper over the whole disk: `TARGET ARGUMENTS`, without start and length, which the guest knows. */
export interface DeviceMapping {
  readonly target: string
  /** Takes the place of `target` once the disk has done so many flushes: the first is the agent's before its run. */
  readonly later?: { readonly afterFlushes: number; readonly target: string }
}

export interface GuestJob {
  /** The disk under test as a block device: `/dev/vda`. */
  readonly disk: string
  readonly fileSystem?: GuestFileSystem
  /** Written to the disk's `queue/write_cache` once the target is there; `write through` makes the kernel drop every flush from then on. */
  readonly writeCache?: 'write back' | 'write through'
  /** The program's target is then not the disk but what is mapped onto it. */
  readonly mapping?: DeviceMapping
  /** A command of the program with its arguments. */
  readonly command: readonly string[]
}

/** Where a target file lies in the guest. */
export const GUEST_FILE = '/target/file'

/** The job as init reads it. A line break in an argument is a programmer error: no option of ours takes one. */
export function jobText(job: GuestJob): string {
  const { disk, fileSystem, writeCache, mapping, command } = job
  const pairs: (readonly [string, string])[] = [
    ['disk', disk],
    ...(fileSystem === undefined
      ? []
      : ([
          ['filesystem', fileSystem.type],
          ['mount-options', fileSystem.mountOptions],
          ['file-bytes', String(fileSystem.fileBytes)],
        ] as const)),
    ...(writeCache === undefined ? [] : ([['write-cache', writeCache]] as const)),
    ...(mapping === undefined ? [] : ([['mapping', mapping.target]] as const)),
    ...(mapping?.later === undefined
      ? []
      : ([['mapping-later', `${mapping.later.afterFlushes} ${mapping.later.target}`]] as const)),
    ...command.map((argument) => ['argument', argument] as const),
  ]
  for (const [key, value] of pairs) assert(!/[\n\0]/.test(value), `no line break in ${key}`)
  return pairs.map(([key, value]) => `${key}=${value}\n`).join('')
}
