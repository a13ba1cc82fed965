/** Every refusal of the guard on real files and loop devices; and that it lets a clean target through, untouched. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { describe, it } from 'node:test'
import { bytesOf } from '../../src/core/units.ts'
import { openDevice } from '../../src/io/device.ts'
import { type ManagedProcess, findProgram, runToolSync, startProcess } from '../../src/io/process.ts'
import { startStorageDaemon } from '../../src/io/storage-daemon.ts'
import { type GuardOptions, guardTarget } from '../../src/io/target-guard.ts'
import {
  type Content,
  IMAGES,
  dosSector,
  dosTable,
  fatBootSector,
  guidTable,
  lvmLabel,
  raidSuperblock,
} from './crafted.ts'
import { type Lab, openLab } from './lab.ts'

const SECTORS = 32_768
const BYTES = SECTORS * 512
const REGION: GuardOptions = { region: { lba: 0, sectors: 2048 } }
const override = (path: string): GuardOptions => ({ ...REGION, destroyDataOn: path })
const LOOPS = ['root', 'losetup', 'wipefs'] as const

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** The target is refused with that code, the message says how it goes on, and nothing on it has changed. */
function refuses(path: string, options: GuardOptions, code: string, message: RegExp): void {
  assert.throws(() => guardTarget(path, options), { name: 'ProbeError', code, message, exitStatus: 77 })
}

const SIGNATURES: Readonly<Record<string, { content: Content; type: RegExp }>> = {
  'a DOS partition table': { content: dosTable(SECTORS), type: /dos/ },
  'a GUID partition table': { content: guidTable(SECTORS), type: /gpt/ },
  'an LVM physical volume': { content: lvmLabel(), type: /LVM2_member/ },
  'a RAID member': { content: raidSuperblock(), type: /linux_raid_member/ },
  'a FAT file system': { content: fatBootSector(SECTORS), type: /vfat/ },
}

describe('signatures are refused, on files and on devices', () => {
  for (const [name, { content, type }] of Object.entries(SIGNATURES)) {
    it(name, (t) => {
      const lab = openLab(t, LOOPS)
      if (lab === undefined) return
      const file = lab.file('disk', BYTES, content)
      const before = digest(file)
      refuses(file, REGION, 'TARGET_CARRIES_DATA', type)
      const loop = lab.loop(file)
      refuses(loop, REGION, 'TARGET_CARRIES_DATA', type)
      assert.match(guardTarget(loop, override(loop)).overridden.join(), type)
      assert.equal(digest(file), before)
    })
  }
  for (const [name, make] of Object.entries({
    ext4: ['mkfs.ext4', '-q', '-F'],
    swap: ['mkswap'],
  })) {
    it(`a real ${name}`, (t) => {
      const lab = openLab(t, LOOPS)
      if (lab === undefined) return
      const [program = '', ...args] = make
      if (findProgram(program) === undefined) return t.skip(`NOT TESTED HERE: ${program} is not installed`)
      for (const logicalBlockBytes of [512, 4096]) {
        const loop = lab.loop(lab.file(`disk${logicalBlockBytes}`, BYTES), { logicalBlockBytes })
        runToolSync(program, [...args, loop])
        refuses(loop, REGION, 'TARGET_CARRIES_DATA', new RegExp(name))
      }
    })
  }
  for (const [type, content] of Object.entries(IMAGES)) {
    it(`a ${type} image`, (t) => {
      const lab = openLab(t, LOOPS)
      if (lab === undefined) return
      const file = lab.file('disk', BYTES, content)
      refuses(file, REGION, 'TARGET_CARRIES_DATA', new RegExp(type))
      refuses(lab.loop(file), REGION, 'TARGET_CARRIES_DATA', new RegExp(type))
    })
  }
  it('a fixed VHD, known by its last sector', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    refuses(lab.file('disk', BYTES, { [BYTES - 512]: 'conectix' }), REGION, 'TARGET_CARRIES_DATA', /vhd/)
  })
  it('outside the region too', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES, lvmLabel())
    refuses(file, { region: { lba: 4096, sectors: 8 } }, 'TARGET_CARRIES_DATA', /LVM2/)
  })
  it('where wipefs is not there, the target counts as unchecked', (t) => {
    const lab = openLab(t, LOOPS)
    const wipefs = findProgram('wipefs')
    if (lab === undefined || wipefs === undefined) return
    const file = lab.file('disk', BYTES)
    // In a mount namespace of its own, where the program is covered by something that cannot be run.
    const guard = new URL('../../src/io/target-guard.js', import.meta.url).href
    const script = `
      const { guardTarget } = await import(${JSON.stringify(guard)})
      try { guardTarget(${JSON.stringify(file)}, ${JSON.stringify(REGION)}) } catch (error) { process.stdout.write(error.code) }
      process.stdout.write(' ' + guardTarget(${JSON.stringify(file)}, ${JSON.stringify(override(file))}).overridden.length)`
    const cover = 'mount --bind /dev/null "$1" && shift && exec "$@"'
    const inner = [process.execPath, '--input-type=module', '-e', script]
    const { stdout } = runToolSync('unshare', ['--mount', 'sh', '-c', cover, 'sh', wipefs, ...inner])
    assert.equal(stdout, 'TARGET_UNCHECKED 1')
  })
})

describe('--destroy-data-on', () => {
  it('must be the very path', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES, lvmLabel())
    const alias = lab.scratch.file('alias')
    symlinkSync(file, alias)
    refuses(file, override(alias), 'TARGET_CARRIES_DATA', /names .*alias/)
    refuses(alias, override(file), 'TARGET_CARRIES_DATA', /which is not the path/)
    refuses(file, override(`${lab.scratch.path}/./disk`), 'TARGET_CARRIES_DATA', /--destroy-data-on/)
    guardTarget(file, override(file))
    guardTarget(alias, override(alias))
  })
  it('stops for a stray path even where there is nothing to destroy', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    assert.throws(() => guardTarget(lab.file('disk', BYTES), override('/dev/vdz')), { code: 'BAD_OPTION' })
  })
})

describe('a mount is refused, whatever is said', () => {
  function ext4(lab: Lab): { file: string; loop: string } {
    const file = lab.file('disk', BYTES)
    const loop = lab.loop(file)
    runToolSync('mkfs.ext4', ['-q', '-F', loop])
    return { file, loop }
  }
  it('of the device, of the file under it, of a hard link to that, of a symlink', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const { file, loop } = ext4(lab)
    const folder = lab.mount(loop)
    const twin = lab.scratch.file('twin')
    linkSync(file, twin)
    const alias = lab.scratch.file('alias')
    symlinkSync(loop, alias)
    for (const path of [loop, file, twin, alias]) {
      refuses(path, REGION, 'TARGET_MOUNTED', new RegExp(folder))
      refuses(path, override(path), 'TARGET_MOUNTED', /unmount/)
    }
  })
  it('of a partition, for the whole disk', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES, dosTable(SECTORS))
    const disk = lab.loop(file, { partitions: true })
    const partition = `${disk}p1`
    runToolSync('mkfs.ext4', ['-q', '-F', partition])
    refuses(disk, REGION, 'TARGET_CARRIES_DATA', /dos/)
    refuses(partition, REGION, 'TARGET_CARRIES_DATA', /ext4/)
    lab.mount(partition)
    for (const path of [partition, disk, file]) refuses(path, override(path), 'TARGET_MOUNTED', /unmount/)
  })
  it('of the whole disk, for a partition', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    runToolSync('mkfs.ext4', ['-q', '-F', file])
    // ext4 leaves the first sectors alone, so that a partition table fits beside it.
    const descriptor = openSync(file, 'r+')
    writeSync(descriptor, dosSector(SECTORS), 0, 512, 0)
    closeSync(descriptor)
    const disk = lab.loop(file, { partitions: true })
    lab.mount(disk)
    refuses(`${disk}p1`, override(`${disk}p1`), 'TARGET_MOUNTED', /whole disk/)
  })
  it('of a loop device on the device', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const { file, loop } = ext4(lab)
    const upper = lab.loop(loop)
    refuses(loop, REGION, 'TARGET_IN_USE', /loop device/)
    lab.mount(upper)
    for (const path of [upper, loop, file]) refuses(path, override(path), 'TARGET_MOUNTED', /unmount/)
  })
  it('in another mount namespace', async (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    if (findProgram('unshare') === undefined) return t.skip('NOT TESTED HERE: unshare is not installed')
    const { loop } = ext4(lab)
    const folder = lab.scratch.file('inner')
    mkdirSync(folder)
    const inner = startProcess('unshare', [
      '--mount',
      'sh',
      '-c',
      `mount ${loop} ${folder} && echo ready >&2 && exec sleep 60`,
    ])
    lab.defer(async () => void (await inner.stop()))
    await untilSaid(inner, 'ready')
    refuses(loop, override(loop), 'TARGET_MOUNTED', /inner/)
  })
  it('and so is swap', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    writeFileSync(file, Buffer.alloc(BYTES))
    const loop = lab.loop(file)
    runToolSync('mkswap', [loop])
    try {
      runToolSync('swapon', [loop])
    } catch (error) {
      return t.skip(`NOT TESTED HERE: this kernel does not swap (${String(error)})`)
    }
    lab.defer(() => void runToolSync('swapoff', [loop]))
    for (const path of [loop, file]) refuses(path, override(path), 'TARGET_MOUNTED', /swap/)
    const swapFile = lab.file('swapfile', BYTES)
    writeFileSync(swapFile, Buffer.alloc(BYTES))
    chmodSync(swapFile, 0o600)
    runToolSync('mkswap', [swapFile])
    runToolSync('swapon', [swapFile])
    lab.defer(() => void runToolSync('swapoff', [swapFile]))
    refuses(swapFile, override(swapFile), 'TARGET_MOUNTED', /swap/)
  })
})

/** Waits, with a limit, until a process said a word on standard error. */
async function untilSaid(running: ManagedProcess, word: string): Promise<void> {
  for (let tries = 0; tries < 500 && !running.errorTail().includes(word); tries++) {
    assert.ok(running.running, running.errorTail())
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  assert.ok(running.errorTail().includes(word), `no ${word}: ${running.errorTail()}`)
}

describe('a target in use is refused', () => {
  it('a device that another process holds with O_EXCL', async (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const loop = lab.loop(lab.file('disk', BYTES))
    const script = `const fs = require('fs'); fs.openSync(${JSON.stringify(loop)}, fs.constants.O_RDWR | fs.constants.O_EXCL); console.error('ready'); setTimeout(() => {}, 60000)`
    const holder = startProcess(process.execPath, ['-e', script])
    lab.defer(async () => void (await holder.stop()))
    await untilSaid(holder, 'ready')
    refuses(loop, REGION, 'TARGET_IN_USE', new RegExp(`process ${holder.pid}`))
    assert.deepEqual(guardTarget(loop, override(loop)).exclusive, false)
    await holder.stop()
    assert.equal(guardTarget(loop, REGION).exclusive, true)
  })
  it('a device that is claimed by nobody in sight: even when told to destroy', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const loop = lab.loop(lab.file('disk', BYTES))
    // Our own claim stands for the kernel's: the guard looks for other processes only.
    const claim = openDevice(loop, { mode: 'direct', access: 'write', exclusive: true })
    lab.defer(() => claim.close())
    refuses(loop, override(loop), 'TARGET_IN_USE', /mounted elsewhere/)
  })
  it('a file that backs a loop device', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    const loop = lab.loop(file)
    refuses(file, REGION, 'TARGET_IN_USE', /loop device/)
    assert.equal(guardTarget(file, override(file)).overridden.length, 1)
    guardTarget(loop, REGION)
  })
  it('a file that another process writes, such as a second agent; one that is only read is not', async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    const hold = async (flags: string): Promise<ManagedProcess> => {
      const script = `require('fs').openSync(${JSON.stringify(file)}, '${flags}'); console.error('ready'); setTimeout(() => {}, 60000)`
      const holder = startProcess(process.execPath, ['-e', script])
      lab.defer(async () => void (await holder.stop()))
      await untilSaid(holder, 'ready')
      return holder
    }
    await hold('r')
    guardTarget(file, REGION)
    const writer = await hold('r+')
    refuses(file, REGION, 'TARGET_IN_USE', new RegExp(`process ${writer.pid}`))
    assert.equal(guardTarget(file, override(file)).overridden.length, 1)
    await writer.stop()
    guardTarget(file, REGION)
  })
  it('an image that QEMU has open, but not the disk that it serves', async (t) => {
    const lab = openLab(t, ['wipefs', 'qemu-storage-daemon', 'fuse'])
    if (lab === undefined) return
    const image = lab.file('disk.raw', BYTES)
    const mountpoint = lab.scratch.file('disk')
    const daemon = await startStorageDaemon({ image, format: 'raw', mountpoint, writable: true, scratch: lab.scratch })
    lab.defer(async () => void (await daemon.stop()))
    refuses(image, REGION, 'TARGET_IN_USE', /lock/)
    assert.deepEqual(guardTarget(daemon.path, REGION), { exclusive: true, overridden: [] })
    await daemon.stop()
    guardTarget(image, REGION)
  })
})

describe('a target that cannot take the run is refused', () => {
  it('missing, or not a disk', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    refuses(lab.scratch.file('none'), REGION, 'TARGET_MISSING', /does not exist/)
    refuses(lab.scratch.path, REGION, 'TARGET_KIND', /directory/)
    refuses('/dev/zero', REGION, 'TARGET_KIND', /character device/)
    const dangling = lab.scratch.file('dangling')
    symlinkSync('nowhere', dangling)
    refuses(dangling, REGION, 'TARGET_MISSING', /does not exist/)
  })
  it('read-only, as a device, by its mode, by its file system', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    refuses(lab.loop(file, { readOnly: true }), REGION, 'TARGET_READ_ONLY', /setrw/)
    const guarded = lab.file('guarded', BYTES)
    chmodSync(guarded, 0o444)
    refuses(guarded, override(guarded), 'TARGET_READ_ONLY', /chmod/)
    const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=64k')
    writeFileSync(`${folder}/disk`, Buffer.alloc(32_768))
    runToolSync('mount', ['-o', 'remount,ro', folder])
    refuses(`${folder}/disk`, { region: { lba: 0, sectors: 8 } }, 'TARGET_READ_ONLY', /mounted read-only/)
  })
  it('too small', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES)
    const loop = lab.loop(lab.file('other', BYTES))
    for (const path of [file, loop]) {
      refuses(path, { region: { lba: SECTORS - 8, sectors: 9 } }, 'TARGET_TOO_SMALL', /16 MiB/)
      guardTarget(path, { region: { lba: SECTORS - 8, sectors: 8 } })
    }
    refuses(lab.file('empty', 0), REGION, 'TARGET_TOO_SMALL', /0 B/)
  })
  it('a sparse file without room for the region', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const folder = lab.mount('tmpfs', '-t', 'tmpfs', '-o', 'size=1m')
    writeFileSync(`${folder}/disk`, '')
    truncateSync(`${folder}/disk`, BYTES)
    refuses(`${folder}/disk`, { region: { lba: 0, sectors: 4096 } }, 'TARGET_SPARSE_FULL', /fallocate/)
    guardTarget(`${folder}/disk`, { region: { lba: 0, sectors: 1024 } })
    assert.ok(bytesOf(1024) < 1024 * 1024)
  })
})

describe('a clean target is let through', () => {
  it('and is not written to', (t) => {
    const lab = openLab(t, LOOPS)
    if (lab === undefined) return
    const file = lab.file('disk', BYTES, { 9000: 'some bytes that nobody knows' })
    const before = digest(file)
    assert.deepEqual(guardTarget(file, REGION), { exclusive: true, overridden: [] })
    for (const logicalBlockBytes of [512, 4096]) {
      const other = lab.file(`disk${logicalBlockBytes}`, BYTES)
      assert.deepEqual(guardTarget(lab.loop(other, { logicalBlockBytes }), REGION), { exclusive: true, overridden: [] })
    }
    const disk = lab.loop(lab.file('parts', BYTES, dosTable(SECTORS)), { partitions: true })
    assert.deepEqual(guardTarget(`${disk}p1`, REGION), { exclusive: true, overridden: [] })
    assert.equal(digest(file), before)
  })
})
