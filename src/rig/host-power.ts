/**
 * Rig `host-power`: the image lies on a host's disk with a volatile write cache (volatile-disk.ts), and the whole host loses its
 * power: disk, QEMU and agent are killed in one go. Here cache=unsafe can be convicted, and an honest cache acquitted;
 * with the fault `fua-discard` the host's disk itself lies, whatever QEMU does.
 *
 * The disk dies first. Every later death closes files, closing a FUSE file flushes it, and that flush must find nobody.
 */
import type { ManagedProcess } from '../io/process.ts'
import { requireAll } from '../io/requirements.ts'
import { startStorageDaemon } from '../io/storage-daemon.ts'
import { cacheModeFacts } from './cache-mode.ts'
import { DaemonMachine, type Part, daemonPart, versionsOf } from './daemon-machine.ts'
import { createImage, reserveRoom } from './image.ts'
import { CACHE_MODES, IMAGE_NAMES, type Machine, type RigKind, type RigSetup, type Victim } from './rig.ts'
import { UNSAFE_UNDER_HOST_POWER, withDefault } from './storage-daemon.ts'
import {
  FUA_DISCARD,
  NOTE_FUA_DISCARD,
  NOTE_HOST_POWER,
  type VolatileDisk,
  hostVictims,
  startVolatileDisk,
} from './volatile-disk.ts'

const REQUIREMENTS = ['qemu-storage-daemon', 'qemu-img', 'nbdkit', 'nbdfuse', 'fuse'] as const

async function prepare(setup: RigSetup): Promise<Machine> {
  const image = await createImage(setup)
  reserveRoom(image, setup.sizeBytes)
  const versions = await versionsOf(['qemu-storage-daemon', 'nbdkit', 'nbdfuse'])
  const scratch = setup.scratch === undefined ? {} : { scratch: setup.scratch }
  const fault = setup.fault === undefined ? {} : { fault: setup.fault }
  const disk = await startVolatileDisk({ backing: image.path, directory: setup.directory, ...fault, ...scratch })
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
      note: setup.fault === FUA_DISCARD ? `${NOTE_HOST_POWER}; ${NOTE_FUA_DISCARD}` : NOTE_HOST_POWER,
      release: () => disk.release(),
    })
  } catch (error) {
    await disk.release()
    throw error
  }
}

function partsOf(disk: VolatileDisk): readonly [Part, Part] {
  const [server, mount] = hostVictims(disk)
  return [partOf(server, disk.nbdkit), partOf(mount, disk.nbdfuse)]
}

const partOf = (victim: Victim, process: ManagedProcess): Part => ({
  ...victim,
  exited: process.exited,
  errorTail: () => process.errorTail(),
})

export const hostPowerRig: RigKind = {
  name: 'host-power',
  summary: "the image on a host's disk with a volatile cache; the cut takes disk, QEMU and agent at once",
  cuts: ['host-power'],
  images: withDefault('qcow2', IMAGE_NAMES),
  caches: CACHE_MODES,
  faults: [FUA_DISCARD],
  defaultSizeBytes: 64 * 2 ** 20,
  positiveControl: UNSAFE_UNDER_HOST_POWER,
  require: () => requireAll('rig host-power', REQUIREMENTS),
  prepare,
}
