/** The kernel's table of mounts, read from /proc. Needs no access to the mounts themselves, so a dead FUSE mount cannot hang it. */
import { readFileSync } from 'node:fs'
import { errnoOf } from '../core/errors.ts'

export interface Mount {
  /** `major:minor` of the file system; anonymous (0:N) for btrfs, FUSE, tmpfs and the like. */
  readonly device: string
  readonly path: string
  readonly fileSystem: string
  /** What was mounted: often the path of a device. */
  readonly source: string
  readonly readOnly: boolean
}

/** mountinfo writes spaces, tabs, newlines and backslashes as octal. */
const unescape = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)))

function parseLine(line: string): Mount | undefined {
  const fields = line.split(' ')
  const dash = fields.indexOf('-', 6)
  const [, , device, , path, options] = fields
  const fileSystem = fields[dash + 1]
  if (dash < 0 || device === undefined || path === undefined || options === undefined || fileSystem === undefined)
    return undefined
  return {
    device,
    path: unescape(path),
    fileSystem,
    source: unescape(fields[dash + 2] ?? ''),
    readOnly: `${options},${fields[dash + 3] ?? ''}`.split(',').includes('ro'),
  }
}

/** Mounts of a process' mount namespace in the order they were made; empty where they cannot be read. */
export function mountsOf(pid: number | 'self' = 'self'): readonly Mount[] {
  try {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n')
    return lines.map(parseLine).filter((mount) => mount !== undefined)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

const isUnder = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`)

/** The mount that a (real, absolute) path lies on: the longest mount point above it, of equals the newest. */
export function mountOver(path: string, mounts: readonly Mount[] = mountsOf()): Mount | undefined {
  let best: Mount | undefined
  for (const mount of mounts) {
    if (isUnder(path, mount.path) && mount.path.length >= (best?.path.length ?? 0)) best = mount
  }
  return best
}

/** Mounts at or below a folder, the newest first: the order to unmount in. */
export const mountsUnder = (folder: string): readonly Mount[] =>
  mountsOf()
    .filter((mount) => isUnder(mount.path, folder))
    .toReversed()
