/**
 * What trials of KVM found, kept in the cache folder: one small file for each boot of this host, version of QEMU and kernel of the
 * guest. A file that cannot be read as ours is no answer, and the trial is made again.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../../core/errors.ts'
import { readKernelFile } from '../../io/target.ts'
import { versionsOf } from '../daemon-machine.ts'
import { cacheFolder, makeWhole, prune } from '../guest/cache.ts'

/** `undefined` where KVM runs a guest; else why not. */
export type Obstacle = string | undefined

/** What a trial found. */
export interface Trial {
  readonly obstacle: Obstacle
}

const PART = 'trials'
const RUNS = 'KVM runs a guest'
const DOES_NOT = 'KVM runs no guest: '
const TRIALS_KEPT = 8

/** Names everything that the answer depends on. */
export async function trialKey(guestKernel: string): Promise<string> {
  const boot = readKernelFile('/proc/sys/kernel/random/boot_id') ?? ''
  const { 'qemu-system-x86_64': qemu = '' } = await versionsOf(['qemu-system-x86_64'])
  return createHash('sha256').update([boot.trim(), qemu, guestKernel].join('\0')).digest('hex').slice(0, 16)
}

/** What the last trial of that key found, if there was one. */
export function recall(key: string): Trial | undefined {
  let text: string
  try {
    text = readFileSync(join(cacheFolder(PART), key), 'utf8')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
  if (text === RUNS) return { obstacle: undefined }
  return text.startsWith(DOES_NOT) ? { obstacle: text.slice(DOES_NOT.length) } : undefined
}

/** Takes the place of what was found before. */
export function remember(key: string, { obstacle }: Trial): void {
  const folder = cacheFolder(PART)
  makeWhole(join(folder, key), (temporary) =>
    writeFileSync(temporary, obstacle === undefined ? RUNS : DOES_NOT + obstacle),
  )
  prune(folder, TRIALS_KEPT)
}
