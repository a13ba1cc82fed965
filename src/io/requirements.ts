/** What a rig needs of the machine: programs, FUSE, root. Says all that is missing at once, with the line that installs it. */
import { accessSync, constants } from 'node:fs'
import { ProbeError, errnoOf } from '../core/errors.ts'
import { findProgram } from './process.ts'

/** Debian package of every program that the product runs. */
const PACKAGE_OF = {
  'qemu-storage-daemon': 'qemu-system-common',
  'qemu-img': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  nbdkit: 'nbdkit',
  nbdfuse: 'libnbd-bin',
  fusermount3: 'fuse3',
  busybox: 'busybox-static',
  wipefs: 'util-linux',
  losetup: 'mount',
  virsh: 'libvirt-clients',
  guestfish: 'libguestfs-tools',
  supermin: 'supermin',
  depmod: 'kmod',
  dmsetup: 'dmsetup',
} as const

export type Program = keyof typeof PACKAGE_OF
/** `fuse`: /dev/fuse can be opened, and a user without root has fusermount3. */
export type Requirement = Program | 'fuse' | 'root'

export interface Missing {
  readonly requirement: Requirement
  /** What is wrong, for people. */
  readonly problem: string
  readonly debianPackage?: string
  /** What to do about it where no package helps. */
  readonly remedy?: string
}

const isRoot = (): boolean => process.getuid?.() === 0

function missingFuse(): Missing | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
  } catch (error) {
    const absent = errnoOf(error) === 'ENOENT'
    const remedy = absent ? 'run `modprobe fuse`, or give the container --device /dev/fuse' : 'run as root'
    return {
      requirement: 'fuse',
      problem: `/dev/fuse ${absent ? 'is not there' : 'cannot be opened by this user'}`,
      remedy,
    }
  }
  return isRoot() ? undefined : missingProgram('fusermount3')
}

function missingProgram(program: Program): Missing | undefined {
  if (findProgram(program) !== undefined) return undefined
  return {
    requirement: program,
    problem: `the program ${program} is not installed`,
    debianPackage: PACKAGE_OF[program],
  }
}

function missing(requirement: Requirement): Missing | undefined {
  if (requirement === 'fuse') return missingFuse()
  if (requirement !== 'root') return missingProgram(requirement)
  return isRoot() ? undefined : { requirement, problem: 'this user is not root', remedy: 'run with sudo' }
}

/** All of `requirements` that this machine lacks, in their order. */
export const missingRequirements = (requirements: readonly Requirement[]): readonly Missing[] =>
  requirements.map(missing).filter((found) => found !== undefined)

/** One paragraph: what is missing, and how to get it. */
export function describeMissing(lacking: readonly Missing[]): string {
  const packages = [...new Set(lacking.map((item) => item.debianPackage).filter((name) => name !== undefined))]
  const remedies = [...new Set(lacking.map((item) => item.remedy).filter((text) => text !== undefined))]
  if (packages.length > 0)
    remedies.unshift(`on Debian: ${isRoot() ? '' : 'sudo '}apt-get install -y ${packages.join(' ')}`)
  return `${lacking.map((item) => item.problem).join('; ')}. ${remedies.join('; ')}`
}

/** Throws RIG_UNAVAILABLE that names everything missing, and the apt-get line. `what` needs them, as in `rig storage-daemon`. */
export function requireAll(what: string, requirements: readonly Requirement[]): void {
  const lacking = missingRequirements(requirements)
  if (lacking.length > 0)
    throw new ProbeError('RIG_UNAVAILABLE', `${what} cannot run here: ${describeMissing(lacking)}`)
}
