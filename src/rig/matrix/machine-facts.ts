/** What is worth knowing of the machine that a cell ran on, out of a run's manifest. Pure. */
import type { Manifest } from '../../core/manifest.ts'

/** Labels that say which cell it is, or follow from it. */
const OF_THE_CELL = new Set(['rig', 'image', 'cache', 'cut', 'cluster'])

export function machineFacts({ environment }: Manifest): Readonly<Record<string, string>> {
  const { kernel, arch, node, agent, cpus, labels } = environment
  const own = Object.entries(labels).filter(([name]) => !OF_THE_CELL.has(name))
  return { kernel, arch, cpus: String(cpus), node, plugpull: agent, ...Object.fromEntries(own) }
}
