/**
 * Rig `libguestfs`: a disk as libguestfs opens it, in its appliance, with one of the two cache modes that it offers. The target is a
 * file in the disk's ext4 file system, reached through libguestfs' own FUSE mount, where fsync becomes a sync of the whole appliance.
 *
 * For `host-power` the image lies on a host's disk with a volatile cache (volatile-disk.ts), which dies with the appliance and the
 * agent in one go; `sigkill` takes the appliance and the agent alone, and the host's page cache survives.
 */
import { requireAll } from '../../io/requirements.ts'
import { versionsOf } from '../daemon-machine.ts'
import type { Machine, RigKind, RigSetup } from '../rig.ts'
import { startVolatileDisk } from '../volatile-disk.ts'
import { requireAppliance } from './appliance.ts'
import { createDisk } from './disk.ts'
import { sweepSocketFolders } from './guestfish.ts'
import { LibguestfsMachine } from './machine.ts'
import { startMount } from './mount.ts'

const REQUIREMENTS = ['guestfish', 'qemu-system-x86_64', 'qemu-img', 'nbdkit', 'nbdfuse', 'fuse'] as const

async function prepare(setup: RigSetup): Promise<Machine> {
  sweepSocketFolders()
  const versions = await versionsOf(['guestfish', 'nbdkit', 'nbdfuse'])
  const image = await createDisk(setup)
  const scratch = setup.scratch === undefined ? {} : { scratch: setup.scratch }
  const disk =
    setup.cut === 'host-power'
      ? await startVolatileDisk({ backing: image.path, directory: setup.directory, ...scratch })
      : undefined
  try {
    const mount = await startMount({
      image: disk?.path ?? image.path,
      format: image.kind.format,
      cacheMode: setup.cache,
      directory: setup.directory,
      ...scratch,
    })
    return new LibguestfsMachine({ setup, image, mount, versions, ...(disk === undefined ? {} : { disk }) })
  } catch (error) {
    await disk?.release()
    throw error
  }
}

export const libguestfsRig: RigKind = {
  name: 'libguestfs',
  summary: 'a file on a disk that libguestfs has opened in its appliance (cachemode writeback, unsafe)',
  cuts: ['host-power', 'sigkill'],
  images: ['raw', 'qcow2'],
  caches: ['writeback', 'unsafe'],
  faults: [],
  defaultSizeBytes: 4 * 2 ** 20,
  positiveControl: {
    rig: 'libguestfs',
    cut: 'host-power',
    cache: 'unsafe',
    why: 'cachemode unsafe ignores flushes, so losing the host loses flushed writes',
  },
  require: () => {
    requireAll('rig libguestfs', REQUIREMENTS)
    requireAppliance()
  },
  prepare,
}
