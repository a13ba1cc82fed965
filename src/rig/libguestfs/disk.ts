/**
 * The disk of a cycle: an image with an ext4 file system and in it the file that is the target. Made once by libguestfs itself and
 * copied for each cycle, since an appliance takes its time to boot; and after the cut opened by libguestfs again, which replays the
 * journal, and the file taken out.
 */
import { existsSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ProbeError } from '../../core/errors.ts'
import { runTool } from '../../io/process.ts'
import { type Image, IMAGES, reserveRoom } from '../image.ts'
import type { RigSetup } from '../rig.ts'
import { runGuestfish, writeScript } from './guestfish.ts'

/** The file that is the target, in the disk's file system. */
export const TARGET_FILE = '/target'
/** As the appliance names its first disk. */
export const DISK = '/dev/sda'

/** Room for the journal and the file system's own tables. */
const FILE_SYSTEM_BYTES = 64 * 2 ** 20
const COPY_LIMIT_MS = 120_000
const LAUNCHED = 'plugpull:launched'
const MOUNTED = 'plugpull:mounted'

const making = new Map<string, Promise<void>>()

/** The image of a cycle in its directory. */
export async function createDisk(setup: RigSetup): Promise<Image> {
  const kind = IMAGES[setup.image]
  const { scratch, directory } = setup
  const template = join(
    scratch?.path ?? directory,
    `libguestfs-${setup.image}-${setup.sizeBytes}-${setup.clusterBytes ?? 0}.template`,
  )
  let made = making.get(template)
  if (made === undefined) {
    made = existsSync(template) ? Promise.resolve() : makeTemplate(template, setup)
    making.set(template, made)
  }
  try {
    await made
  } catch (error) {
    making.delete(template)
    throw error
  }
  const path = join(directory, `disk.${kind.format}`)
  await runTool('cp', ['--sparse=always', template, path], { limitMs: COPY_LIMIT_MS })
  const image = { path, kind, ...(setup.clusterBytes === undefined ? {} : { clusterBytes: setup.clusterBytes }) }
  reserveRoom(image, diskBytes(setup))
  return image
}

const diskBytes = ({ sizeBytes }: RigSetup): number =>
  Math.ceil((sizeBytes * 1.25) / 2 ** 20) * 2 ** 20 + FILE_SYSTEM_BYTES

async function makeTemplate(path: string, setup: RigSetup): Promise<void> {
  const { format } = IMAGES[setup.image]
  const part = `${path}.part`
  rmSync(part, { force: true })
  if (format === 'raw') {
    writeFileSync(part, '', { mode: 0o600 })
    truncateSync(part, diskBytes(setup))
  } else {
    const cluster = setup.clusterBytes === undefined ? [] : ['-o', `cluster_size=${setup.clusterBytes}`]
    await runTool('qemu-img', ['create', '-q', '-f', format, ...cluster, part, String(diskBytes(setup))])
  }
  const script = writeScript(`${path}.fish`, [
    ['add-drive', part, `format:${format}`, 'cachemode:unsafe'],
    ['run'],
    ['mkfs', 'ext4', DISK],
    ['mount', DISK, '/'],
    ['fill', '0', String(setup.sizeBytes), TARGET_FILE],
  ])
  const { code, said } = await runGuestfish(dirname(path), script, setup.scratch)
  if (code !== 0) throw new ProbeError('RIG_FAILED', `libguestfs could not make the disk: ${said || 'it said nothing'}`)
  renameSync(part, path)
}

/**
 * Opens what survived with libguestfs and takes the target's file out. Returns what is wrong where the file system does not mount: then
 * the file taken out is empty. Throws RIG_FAILED where the appliance itself does not come up, or the file cannot be taken out of a file
 * system that does mount (this host may be out of room): neither says anything about the disk.
 */
export async function takeOut(setup: RigSetup, image: Image, survivor: string): Promise<string | undefined> {
  writeFileSync(survivor, '', { mode: 0o600 })
  const script = writeScript(join(setup.directory, 'take-out.fish'), [
    ['add-drive', image.path, `format:${image.kind.format}`, 'cachemode:unsafe'],
    ['run'],
    ['echo', LAUNCHED],
    ['mount', DISK, '/'],
    ['echo', MOUNTED],
    ['download', TARGET_FILE, survivor],
  ])
  const { code, stdout, said } = await runGuestfish(setup.directory, script, setup.scratch)
  if (code === 0) return undefined
  if (stdout.includes(MOUNTED))
    throw new ProbeError('RIG_FAILED', `the target could not be taken out of the disk that survived: ${said}`)
  if (code !== 1 || !stdout.includes(LAUNCHED) || /appliance/.test(said))
    throw new ProbeError('RIG_FAILED', `libguestfs' appliance did not get to look at what survived: ${said}`)
  return said
}
