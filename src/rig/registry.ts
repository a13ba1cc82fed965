/** The rigs there are: a new one is one new file and one line here. */
import { ProbeError } from '../core/errors.ts'
import { commandRig } from './command-rig.ts'
import { hostPowerRig } from './host-power.ts'
import { libguestfsRig } from './libguestfs/rig.ts'
import { libvirtRig } from './libvirt/rig.ts'
import { qemuRig } from './qemu/rig.ts'
import type { RigKind } from './rig.ts'
import { simRig } from './sim/rig.ts'
import { storageDaemonRig } from './storage-daemon.ts'

export const RIGS: readonly RigKind[] = [
  storageDaemonRig,
  hostPowerRig,
  qemuRig,
  libvirtRig,
  libguestfsRig,
  commandRig,
  simRig,
]

/** The rig of that name; throws BAD_OPTION naming those there are. */
export function rigNamed(name: string): RigKind {
  const found = RIGS.find((rig) => rig.name === name)
  if (found === undefined) {
    throw new ProbeError(
      'BAD_OPTION',
      `--rig got ${JSON.stringify(name)}; it takes ${RIGS.map((rig) => rig.name).join(', ')}`,
    )
  }
  return found
}
