/** What is worth knowing of the machine that a cell ran on, out of a run's manifest, and of the host before any run. */
import { release } from 'node:os'
import type { Manifest } from '../../core/manifest.ts'
import { VERSION } from '../../core/version.ts'
import { versionsOf } from '../daemon-machine.ts'
import { LOOP_LABEL } from '../../core/campaign/setup.ts'

/** Labels that say which cell it is, or follow from it. */
const OF_THE_CELL = new Set(['rig', 'image', 'cache', 'cut', 'cluster'])

export function machineFacts({ environment }: Manifest): Readonly<Record<string, string>> {
  const { kernel, arch, node, agent, cpus, labels } = environment
  const own = Object.entries(labels).filter(([name]) => !OF_THE_CELL.has(name) && !name.startsWith(LOOP_LABEL))
  return { kernel, arch, cpus: String(cpus), node, plugpull: agent, ...Object.fromEntries(own) }
}

/** What of this host decides whether a liar is caught: other versions of these, and an earlier catch vouches for nothing. */
const PROGRAMS = ['qemu-system-x86_64', 'qemu-storage-daemon', 'qemu-img', 'nbdkit', 'nbdfuse', 'virsh', 'guestfish']

export async function hostFacts(): Promise<Readonly<Record<string, string>>> {
  const programs = await Promise.all(
    PROGRAMS.map((program) => versionsOf([program]).catch(() => ({ [program]: 'none' }))),
  )
  const own = { kernel: release(), arch: process.arch, node: process.version, plugpull: VERSION }
  return Object.assign({}, own, ...programs)
}
