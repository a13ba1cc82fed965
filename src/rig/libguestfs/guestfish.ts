/**
 * guestfish, run with a script: to its end, or as the server of a mounted file system. What it leaves outside of our folders (for root
 * its sockets are in /tmp whatever TMPDIR says) is found by a note in it and taken away, at the latest by the next start.
 */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'
import { type Exit, startProcess, within } from '../../io/process.ts'
import { monotonicMs } from '../../io/clock.ts'
import type { Scratch } from '../../io/scratch.ts'
import { readKernelFile } from '../../io/target.ts'
import { guestImage } from '../guest/guest-image.ts'
import { signalTo, untilGone } from '../power.ts'
import { acceleratorFor } from '../qemu/accel.ts'
import { applianceEnvironment } from './appliance.ts'

/** Two boots of an appliance under emulation, on a machine that has other things to do. */
export const GUESTFISH_LIMIT_MS = 600_000

const POLL_MS = 50
const SOCKETS_PARENT = '/tmp'
const SOCKETS_PREFIX = 'libguestfs'
const NOTE = '.plugpull'

/** Environment of guestfish: QEMU started by itself, not by libvirt, and everything it makes in `directory`. */
export async function guestfishEnvironment(
  directory: string,
  scratch?: Scratch,
): Promise<Readonly<Record<string, string>>> {
  return {
    ...(await applianceEnvironment()),
    LIBGUESTFS_BACKEND: 'direct',
    ...((await mayUseKvm(directory, scratch)) ? {} : { LIBGUESTFS_BACKEND_SETTINGS: 'force_tcg' }),
    TMPDIR: directory,
  }
}

/** libguestfs takes KVM wherever it can be opened, and waits for ever where it runs no guest. Without a guest to try it with, emulation is the safe choice. */
async function mayUseKvm(directory: string, scratch?: Scratch): Promise<boolean> {
  try {
    const place = { directory, ...(scratch === undefined ? {} : { scratch }) }
    const bus = 'virtio-blk'
    return (await acceleratorFor('auto', { image: await guestImage(bus), bus }, place)) === 'kvm'
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'RIG_UNAVAILABLE') return false
    throw error
  }
}

/** Writes a script of commands; returns its path. */
export function writeScript(path: string, commands: readonly (readonly string[])[]): string {
  writeFileSync(path, commands.map((words) => `${words.map(quoted).join(' ')}\n`).join(''))
  return path
}

/** A word with anything but plain characters is quoted. */
const quoted = (word: string): string =>
  /^[\w./:,=+@-]+$/.test(word) ? word : `"${word.replaceAll(/["\\]/g, (character) => `\\${character}`)}"`

/** How a script ended. */
export interface GuestfishResult extends Exit {
  readonly stdout: string
  readonly said: string
}

/** Runs a script to its end. Throws TIMED_OUT; what a failed command means is for the caller to judge. */
export async function runGuestfish(directory: string, script: string, scratch?: Scratch): Promise<GuestfishResult> {
  const guestfish = startProcess('guestfish', ['-f', script], {
    env: await guestfishEnvironment(directory, scratch),
    pipeOutput: true,
    ...(scratch === undefined ? {} : { scratch }),
  })
  let stdout = ''
  guestfish.child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const until = monotonicMs() + GUESTFISH_LIMIT_MS
  let appliance: ApplianceProcess | undefined
  while (guestfish.running && monotonicMs() < until) {
    appliance ??= applianceOf(guestfish.pid, directory)
    await within(guestfish.exited, POLL_MS)
  }
  if (guestfish.running) {
    guestfish.kill('SIGKILL')
    if (appliance !== undefined) await endAppliance(appliance)
    throw new ProbeError('TIMED_OUT', `guestfish -f ${script} did not end within ${GUESTFISH_LIMIT_MS / 1000} s`)
  }
  return { ...(await guestfish.exited), stdout, said: guestfish.errorTail().split('\n').slice(-3).join(' | ') }
}

/** The appliance's QEMU, and the folder of the socket by which guestfish speaks to it. */
export interface ApplianceProcess {
  readonly pid: number
  readonly sockets: string
}

/** The QEMU that a guestfish has started, once it has; its folder of sockets gets our note. */
export function applianceOf(guestfishPid: number, owner: string): ApplianceProcess | undefined {
  for (const pid of childrenOf(guestfishPid)) {
    const sockets = /path=([^,\0]*)\/guestfsd\.sock/.exec(readKernelFile(`/proc/${pid}/cmdline`) ?? '')?.[1]
    if (sockets === undefined) continue
    if (dirname(sockets) === SOCKETS_PARENT && basename(sockets).startsWith(SOCKETS_PREFIX))
      writeFileSync(join(sockets, NOTE), owner)
    return { pid, sockets }
  }
  return undefined
}

/** Kills it, and takes its folder of sockets away. */
export async function endAppliance({ pid, sockets }: ApplianceProcess): Promise<void> {
  signalTo(pid, 'SIGKILL')
  await untilGone([{ what: 'qemu', pid }])
  rmSync(sockets, { recursive: true, force: true })
}

function childrenOf(pid: number): readonly number[] {
  let threads: readonly string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
  return threads
    .flatMap((thread) => (readKernelFile(`/proc/${pid}/task/${thread}/children`) ?? '').split(' '))
    .filter((text) => text !== '')
    .map(Number)
}

/** Takes away the folders of sockets with our note whose owner (a folder of ours) is gone. */
export function sweepSocketFolders(): void {
  for (const name of readdirSync(SOCKETS_PARENT)) {
    if (!name.startsWith(SOCKETS_PREFIX)) continue
    const folder = join(SOCKETS_PARENT, name)
    const owner = noteIn(folder)
    if (owner !== undefined && !existsSync(owner)) rmSync(folder, { recursive: true, force: true })
  }
}

function noteIn(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, NOTE), 'utf8')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}
