/**
 * Rig `host-power`: the image lies on a host's disk with a volatile write cache (volatile-disk.ts), and the whole host loses its
 * power: disk, QEMU and agent are killed in one go. Here cache=unsafe can be convicted, and an honest cache acquitted.
 *
 * The disk dies first. Every later death closes files, closing a FUSE file flushes it, and that flush must find nobody.
 */
import { requireAll } from '../io/requirements.ts'
import { startStorageDaemon } from '../io/storage-daemon.ts'
import { cacheModeFacts } from './cache-mode.ts'
import { DaemonMachine, daemonPart, versionsOf } from './daemon-machine.ts'
import { createImage, reserveRoom } from './image.ts'
import { CACHE_MODES, IMAGE_NAMES, type Machine, type RigKind, type RigSetup } from './rig.ts'
import { UNSAFE_UNDER_HOST_POWER, withDefault } from './storage-daemon.ts'
import { type VolatileDisk, startVolatileDisk } from './volatile-disk.ts'

const REQUIREMENTS = ['qemu-storage-daemon', 'qemu-img', 'nbdkit', 'nbdfuse', 'fuse'] as const

async function prepare(setup: RigSetup): Promise<Machine> {
  const image = await createImage(setup)
  reserveRoom(image, setup.sizeBytes)
  const versions = await versionsOf(['qemu-storage-daemon', 'nbdkit', 'nbdfuse'])
  const scratch = setup.scratch === undefined ? {} : { scratch: setup.scratch }
  const disk = await startVolatileDisk({ backing: image.path, directory: setup.directory, ...scratch })
  try {
    const { direct, noFlush, writethrough } = cacheModeFacts(setup.cache)
    const daemon = await startStorageDaemon({
      image: disk.path,
      format: image.kind.format,
      mountpoint: `${setup.directory}/target`,
      writable: true,
      cache: { direct, noFlush },
      writethrough,
      ...scratch,
    })
    return new DaemonMachine({
      setup,
      image,
      daemon,
      versions,
      parts: [...partsOf(disk), daemonPart(daemon)],
      note: "the host's volatile write cache is lost with everything above it",
      release: () => disk.release(),
    })
  } catch (error) {
    await disk.release()
    throw error
  }
}

const partsOf = ({ nbdkit, nbdfuse }: VolatileDisk) =>
  [
    { what: "nbdkit (the host's disk)", pid: nbdkit.pid, exited: nbdkit.exited, errorTail: () => nbdkit.errorTail() },
    { what: 'nbdfuse', pid: nbdfuse.pid, exited: nbdfuse.exited, errorTail: () => nbdfuse.errorTail() },
  ] as const

export const hostPowerRig: RigKind = {
  name: 'host-power',
  summary: "the image on a host's disk with a volatile cache; the cut takes disk, QEMU and agent at once",
  cuts: ['host-power'],
  images: withDefault('qcow2', IMAGE_NAMES),
  caches: CACHE_MODES,
  faults: [],
  defaultSizeBytes: 64 * 2 ** 20,
  positiveControl: UNSAFE_UNDER_HOST_POWER,
  require: () => requireAll('rig host-power', REQUIREMENTS),
  prepare,
}
