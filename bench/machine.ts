/** What of this machine the figures depend on. */
import { availableParallelism, release } from 'node:os'
import { VERSION } from '../src/core/version.ts'

export const machineOf = (): Readonly<Record<string, string>> => ({
  kernel: release(),
  arch: process.arch,
  cpus: String(availableParallelism()),
  node: process.version,
  plugpull: VERSION,
})
