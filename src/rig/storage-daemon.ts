/**
 * Rig `storage-daemon`: a real QCOW2 or raw image behind QEMU's block layer, without a VM. The cut ends QEMU, not the host:
 * the host's page cache survives, QEMU's own memory (QCOW2 metadata) does not. So SIGKILL shows what QCOW2 owes to
 * memory, SIGTERM hides it (QEMU tidies up), and no cache mode of the host can be convicted here: see host-power.ts.
 */
import { requireAll } from '../io/requirements.ts'
import { startStorageDaemon } from '../io/storage-daemon.ts'
import { cacheModeFacts } from './cache-mode.ts'
import { DaemonMachine, daemonPart, versionsOf } from './daemon-machine.ts'
import { createImage } from './image.ts'
import { QCOW2_OPTIONS, nodeOptionsOf, qcow2Options } from './node-options.ts'
import { CACHE_MODES, IMAGE_NAMES, type Machine, type PositiveControl, type RigKind, type RigSetup } from './rig.ts'

/** The liar for every rig of real images: flushes are ignored, and the host's power goes. */
export const UNSAFE_UNDER_HOST_POWER: PositiveControl = {
  rig: 'host-power',
  cut: 'host-power',
  cache: 'unsafe',
  why: 'cache=unsafe ignores flushes, so losing the host loses flushed writes',
}

const REQUIREMENTS = ['qemu-storage-daemon', 'qemu-img', 'fuse'] as const

async function prepare(setup: RigSetup): Promise<Machine> {
  const image = await createImage(setup)
  const { direct, noFlush, writethrough } = cacheModeFacts(setup.cache)
  const versions = await versionsOf(['qemu-storage-daemon'])
  const daemon = await startStorageDaemon({
    image: image.path,
    format: image.kind.format,
    mountpoint: `${setup.directory}/target`,
    writable: true,
    cache: { direct, noFlush },
    writethrough,
    formatOptions: nodeOptionsOf(image.kind.format, setup.options),
    ...(setup.scratch === undefined ? {} : { scratch: setup.scratch }),
  })
  return new DaemonMachine({
    setup,
    image,
    daemon,
    versions,
    parts: [daemonPart(daemon)],
    note: "QEMU's memory is lost, the host's page cache survives",
    release: () => Promise.resolve(),
  })
}

export const storageDaemonRig: RigKind = {
  name: 'storage-daemon',
  summary: 'a real image behind qemu-storage-daemon; the cut ends QEMU, the host stays up',
  cuts: ['sigkill', 'sigterm'],
  images: withDefault('qcow2', IMAGE_NAMES),
  caches: CACHE_MODES,
  faults: [],
  defaultSizeBytes: 64 * 2 ** 20,
  positiveControl: UNSAFE_UNDER_HOST_POWER,
  options: QCOW2_OPTIONS,
  check: (options) => void qcow2Options(options),
  require: () => requireAll('rig storage-daemon', REQUIREMENTS),
  prepare,
}

/** The same names with the default first. */
export function withDefault<T>(first: T, names: readonly T[]): readonly T[] {
  return [first, ...names.filter((name) => name !== first)]
}
