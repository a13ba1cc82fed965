/** The machine that a study ran on, as far as it matters to its figures. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type as systemType } from 'node:os'
import { errnoOf } from '../../core/errors.ts'
import { VERSION } from '../../core/version.ts'
import { versionsOf } from '../daemon-machine.ts'
import type { MachineFacts } from './data.ts'

/** Facts, with the version lines of those programs. */
export async function machineFacts(programs: readonly string[]): Promise<MachineFacts> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'an unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: [distribution(), `${systemType()} ${release()}`].filter((text) => text !== '').join(', '),
    versions: { plugpull: VERSION, node: process.version, ...(await versionsOf(programs)) },
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return ''
  }
}
