/** A disk opened by libguestfs and its file system mounted on this host: guestfish, the appliance's QEMU below it, and the mount. */
import { mkdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ProbeError } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { mountsUnder } from '../../io/mounts.ts'
import { type ManagedProcess, startProcess, within } from '../../io/process.ts'
import { type Scratch, unmountLazily } from '../../io/scratch.ts'
import { DISK, TARGET_FILE } from './disk.ts'
import {
  type ApplianceProcess,
  GUESTFISH_LIMIT_MS,
  applianceOf,
  endAppliance,
  guestfishEnvironment,
  writeScript,
} from './guestfish.ts'

const POLL_MS = 50

export interface LibguestfsMount {
  /** The target's file. */
  readonly target: string
  readonly qemuPid: number
  readonly guestfish: ManagedProcess
  /** Kills both and takes the mount away. Safe to call twice. */
  release(): Promise<void>
}

export interface MountOptions {
  readonly image: string
  readonly format: 'raw' | 'qcow2'
  /** As `add-drive` calls it. */
  readonly cacheMode: string
  readonly directory: string
  readonly scratch?: Scratch
}

/** Boots the appliance and waits for the mount. Throws RIG_FAILED or TIMED_OUT with guestfish's last words, and leaves nothing. */
export async function startMount(options: MountOptions): Promise<LibguestfsMount> {
  const { directory, image, format, cacheMode, scratch } = options
  const mountpoint = join(directory, 'mount')
  mkdirSync(mountpoint)
  const script = writeScript(join(directory, 'mount.fish'), [
    // Its helper process would kill QEMU when guestfish dies: the cut decides who dies, and when.
    ['set-recovery-proc', 'false'],
    ['add-drive', image, `format:${format}`, `cachemode:${cacheMode}`],
    ['run'],
    ['mount', DISK, '/'],
    ['mount-local', mountpoint],
    ['mount-local-run'],
  ])
  const env = await guestfishEnvironment(directory, scratch)
  const guestfish = startProcess('guestfish', ['-f', script], { env, ...(scratch === undefined ? {} : { scratch }) })
  let appliance: ApplianceProcess | undefined
  const release = async (): Promise<void> => {
    guestfish.kill('SIGKILL')
    await guestfish.exited
    if (appliance !== undefined) await endAppliance(appliance)
    appliance = undefined
    unmountLazily(mountpoint)
  }
  try {
    const found = () => Promise.resolve(applianceOf(guestfish.pid, directory))
    appliance = await untilIt(guestfish, found, "the appliance's QEMU")
    const target = await untilIt(guestfish, () => servedTarget(mountpoint), 'the mount')
    return { target, qemuPid: appliance.pid, guestfish, release }
  } catch (error) {
    await release()
    throw error
  }
}

async function servedTarget(mountpoint: string): Promise<string | undefined> {
  if (!mountsUnder(mountpoint).some(({ path }) => path === mountpoint)) return undefined
  const target = join(mountpoint, TARGET_FILE)
  return (await stat(target)).size > 0 ? target : undefined
}

async function untilIt<T>(guestfish: ManagedProcess, look: () => Promise<T | undefined>, what: string): Promise<T> {
  const until = monotonicMs() + GUESTFISH_LIMIT_MS
  while (guestfish.running) {
    const found = await within(look(), until - monotonicMs())
    if (found !== undefined) return found
    if (monotonicMs() >= until)
      throw new ProbeError(
        'TIMED_OUT',
        `guestfish did not bring up ${what} within ${GUESTFISH_LIMIT_MS / 1000} s: ${guestfish.errorTail() || 'it said nothing'}`,
      )
    await sleepMs(POLL_MS)
  }
  await guestfish.exited
  throw new ProbeError(
    'RIG_FAILED',
    `guestfish ended before ${what} was there: ${guestfish.errorTail() || 'it said nothing'}`,
  )
}
