/**
 * The guest that the rigs boot, with a peer in it: a second archive behind the first, which the kernel unpacks over it. It holds
 * fio with its libraries and the lines to run in the place of the one command of a job; everything else is the product's own.
 */
import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GuestImage, guestImage } from '../../src/rig/guest/guest-image.ts'
import { writeArchive } from '../../src/rig/guest/cpio.ts'
import { installed, withLibraries } from '../../src/rig/guest/programs.ts'
import type { Scratch } from '../../src/io/scratch.ts'

const INIT = join(import.meta.dirname, '..', '..', '..', 'deploy', 'guest', 'init')
/** The line of init that runs the job, and what it runs here. */
const JOB_LINE = 'node /plugpull.cjs "$@"'
const SCRIPT = '/bench.sh'

/** The image in the scratch folder. `lines` are for busybox's shell. */
export async function benchImage(scratch: Scratch, lines: readonly string[]): Promise<GuestImage> {
  const image = await guestImage('virtio-blk')
  const init = readFileSync(INIT, 'utf8')
  const parts = init.split(JOB_LINE)
  assert.equal(parts.length, 2, 'init runs the job in one place')
  const overlay = scratch.file('overlay.cpio')
  writeArchive(overlay, [
    { kind: 'file', path: '/init', bytes: () => Buffer.from(parts.join(`sh ${SCRIPT}`)), executable: true },
    { kind: 'file', path: SCRIPT, bytes: () => Buffer.from(`${lines.join('\n')}\n`) },
    ...withLibraries(installed('fio')),
  ])
  const initramfs = scratch.file('guest.cpio')
  copyFileSync(image.initramfs, initramfs)
  appendFileSync(initramfs, readFileSync(overlay))
  return { ...image, initramfs }
}
