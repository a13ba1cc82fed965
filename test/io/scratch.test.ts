/** Scratch folders in real processes that end in every way: by themselves, by SIGTERM, by SIGKILL. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { EXIT } from '../../src/core/errors.ts'
import { sleepMs } from '../../src/io/clock.ts'
import { mountsUnder } from '../../src/io/mounts.ts'
import { type ManagedProcess, runToolSync, startProcess } from '../../src/io/process.ts'
import { createScratch, recoverScratch, withScratch } from '../../src/io/scratch.ts'
import { type Lab, isAlive, openLab, untilDead } from './lab.ts'

const moduleUrl = (name: string): string => JSON.stringify(new URL(`../../src/io/${name}.js`, import.meta.url).href)

/** A program of ours with a scratch folder, a qcow2 image, and a daemon that serves it; it says its folder and the daemon's id. */
const program = (parent: string): string => `
  const { createScratch } = await import(${moduleUrl('scratch')})
  const { runToolSync } = await import(${moduleUrl('process')})
  const { startStorageDaemon } = await import(${moduleUrl('storage-daemon')})
  const scratch = createScratch('crash', ${JSON.stringify(parent)})
  const image = scratch.file('disk.qcow2')
  runToolSync('qemu-img', ['create', '-q', '-f', 'qcow2', image, '1M'])
  const daemon = await startStorageDaemon({ image, format: 'qcow2', mountpoint: scratch.file('disk'), writable: true, scratch })
  process.stderr.write('ready ' + scratch.path + ' ' + daemon.pid + ' end\\n')
  setInterval(() => undefined, 1000)`

interface Started {
  readonly running: ManagedProcess
  readonly folder: string
  readonly daemonPid: number
}

async function startProgram(lab: Lab, parent: string): Promise<Started> {
  const running = startProcess(process.execPath, ['--input-type=module', '-e', program(parent)])
  lab.defer(async () => void (await running.stop()))
  let said: RegExpExecArray | null = null
  for (let tries = 0; tries < 1000 && said === null && running.running; tries++) {
    await sleepMs(10)
    said = /ready (\S+) (\d+) end/.exec(running.errorTail())
  }
  assert.ok(said !== null, `the program did not start: ${running.errorTail()}`)
  return { running, folder: said[1] ?? '', daemonPid: Number(said[2]) }
}

const NEEDS = ['qemu-storage-daemon', 'qemu-img', 'fuse'] as const

describe('a scratch folder', () => {
  it('is private, and gone with all its contents afterwards', async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const path = await withScratch(
      'one',
      async (scratch) => {
        assert.equal(statSync(scratch.path).mode & 0o777, 0o700)
        mkdirSync(scratch.file('deep'))
        writeFileSync(scratch.file('deep/file'), 'x')
        return Promise.resolve(scratch.path)
      },
      lab.scratch.path,
    )
    assert.ok(!existsSync(path))
  })
  it('is gone when the work fails, and can be removed twice', async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const work = withScratch('two', () => Promise.reject(new Error('no')), lab.scratch.path)
    await assert.rejects(work, /no/)
    assert.deepEqual(
      readdirSync(lab.scratch.path).filter((name) => name.startsWith('plugpull-')),
      [],
    )
    const scratch = createScratch('three', lab.scratch.path)
    scratch.remove()
    scratch.remove()
  })
  it('kills the processes that belong to it', async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const scratch = createScratch('kill', lab.scratch.path)
    const sleeper = startProcess('sleep', ['60'], { scratch })
    scratch.remove()
    assert.equal((await sleeper.exited).signal, 'SIGKILL')
  })
  it('cannot be made where there is no room for it, and says so', () => {
    assert.throws(() => createScratch('none', '/proc/none'), { code: 'OUTPUT_IO', message: /TMPDIR/ })
  })
})

describe('after a program of ours ended', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`by ${signal}, its folder, mount and daemon are gone`, async (t) => {
      const lab = openLab(t, NEEDS)
      if (lab === undefined) return
      const { running, folder, daemonPid } = await startProgram(lab, lab.scratch.path)
      assert.equal(mountsUnder(folder).length, 1)
      running.kill(signal)
      assert.deepEqual(await running.exited, { code: EXIT.interrupted, signal: null })
      assert.ok(await untilDead(daemonPid))
      assert.ok(!existsSync(folder))
      assert.deepEqual(mountsUnder(folder), [])
    })
  }
  it('by SIGKILL, the next start cleans up, and leaves the living alone', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const dead = await startProgram(lab, lab.scratch.path)
    const alive = await startProgram(lab, lab.scratch.path)
    dead.running.kill('SIGKILL')
    await dead.running.exited
    assert.ok(isAlive(dead.daemonPid))
    assert.deepEqual(recoverScratch(lab.scratch.path), [dead.folder])
    assert.ok(await untilDead(dead.daemonPid))
    assert.ok(!existsSync(dead.folder))
    assert.deepEqual(mountsUnder(dead.folder), [])
    assert.ok(isAlive(alive.daemonPid) && existsSync(alive.folder))
    assert.equal(mountsUnder(alive.folder).length, 1)
  })
  it('by SIGKILL with its daemon, the dead mount is taken away', async (t) => {
    const lab = openLab(t, NEEDS)
    if (lab === undefined) return
    const { running, folder, daemonPid } = await startProgram(lab, lab.scratch.path)
    running.kill('SIGKILL')
    process.kill(daemonPid, 'SIGKILL')
    await running.exited
    assert.ok(await untilDead(daemonPid))
    assert.equal(mountsUnder(folder).length, 1)
    assert.throws(() => readFileSync(`${folder}/disk`), /E(NOTCONN|CONNABORTED)/)
    const next = createScratch('next', lab.scratch.path)
    assert.ok(!existsSync(folder))
    next.remove()
  })
})

describe('recovery leaves alone', () => {
  it('what it does not know to be a dead run of ours', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const parent = lab.scratch.file('parent')
    for (const name of ['plugpull-new-1', 'other-2', 'plugpull-lab'])
      mkdirSync(`${parent}/${name}`, { recursive: true })
    writeFileSync(`${parent}/plugpull-file`, '')
    writeFileSync(`${parent}/plugpull-lab/precious`, '')
    utimesSync(`${parent}/plugpull-lab`, 0, 0)
    assert.deepEqual(recoverScratch(parent), [])
    // Without a note it may be in the making; after a while it is not.
    utimesSync(`${parent}/plugpull-new-1`, 0, 0)
    assert.deepEqual(recoverScratch(parent), [`${parent}/plugpull-new-1`])
    assert.deepEqual(readdirSync(parent), ['other-2', 'plugpull-file', 'plugpull-lab'])
  })
  it('a process that belongs to another folder', async (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const parent = lab.scratch.file('parent')
    const notes = `${parent}/plugpull-old-1/.plugpull`
    mkdirSync(notes, { recursive: true })
    writeFileSync(`${notes}/owner`, '1 1 another-boot')
    const stranger = startProcess('sleep', ['60'], { scratch: { path: `${parent}/plugpull-old-12` } })
    const marked = startProcess('sleep', ['60'], { scratch: { path: `${parent}/plugpull-old-1` } })
    lab.defer(async () => void (await stranger.stop()))
    assert.equal(recoverScratch(parent).length, 1)
    assert.equal((await marked.exited).signal, 'SIGKILL')
    assert.ok(stranger.running)
  })
  it('what a symbolic link points to', (t) => {
    const lab = openLab(t)
    if (lab === undefined) return
    const parent = lab.scratch.file('parent')
    mkdirSync(`${parent}/precious/.plugpull`, { recursive: true })
    writeFileSync(`${parent}/precious/.plugpull/owner`, '1 1 another-boot')
    runToolSync('ln', ['-s', 'precious', `${parent}/plugpull-link`])
    assert.deepEqual(recoverScratch(parent), [])
    assert.ok(existsSync(`${parent}/precious/.plugpull/owner`))
  })
})
