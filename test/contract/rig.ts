/**
 * Conformance suite of the rig port (src/rig/rig.ts): every rig that the machine can run passes it, in every image format and
 * cache mode that it offers. The writer is a process of its own, as the agent is, and holds the target open at the cut.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { ProbeError, messageOf } from '../../src/core/errors.ts'
import { mountsUnder } from '../../src/io/mounts.ts'
import { runTool, within } from '../../src/io/process.ts'
import { createScratch } from '../../src/io/scratch.ts'
import { isGone } from '../../src/rig/power.ts'
import type { AgentMachine, Machine, RigKind, RigSetup, SelfRunningMachine } from '../../src/rig/rig.ts'

const SIZE_BYTES = 8 * 2 ** 20
const SEED = '00000000deadbeef'
const LIMIT_MS = 60_000

export interface RigSuiteOptions {
  /** Every image with every cache mode takes a while; a subset of the images for a quick look. */
  readonly images?: RigKind['images']
}

/** Declares the suite for one rig; skipped, loudly, where the machine cannot run it. */
export function rigConformance(rig: RigKind, options: RigSuiteOptions = {}): void {
  describe(`rig ${rig.name} keeps the port's promises`, () => {
    const images = options.images ?? rig.images
    it('names its offers once each, and its defaults first', () => {
      for (const names of [rig.cuts, rig.images, rig.caches, rig.faults])
        assert.equal(new Set<string>(names).size, names.length)
      assert.ok(rig.cuts.length > 0 && rig.images.length > 0 && rig.caches.length > 0)
    })
    it('prepares the same contents for the same setup', (t) => contentsFollowFromSetup(t, rig))
    it('gives everything back without a cut, and twice', (t) =>
      withMachine(t, rig, {}, async ({ machine, setup }) => {
        await machine.dispose()
        await machine.dispose()
        assertNothingLeft(setup)
      }))
    for (const image of images) {
      for (const cache of rig.caches) {
        for (const cut of rig.cuts) {
          it(`${image}, cache=${cache}, ${cut}: keeps what the contract makes stable`, (t) =>
            withMachine(t, rig, { image, cache, cut }, (case_) => keepsStable(case_, rig, cut)))
        }
      }
    }
    it('says so when a part of it dies', (t) =>
      withMachine(t, rig, {}, async ({ machine, setup }) => {
        if (machine.kind === 'self' || machine.kind === 'standing') return
        const pids = processesUnder(setup)
        assert.ok(pids.length > 0, 'a machine has processes')
        for (const pid of pids) process.kill(pid, 'SIGKILL')
        assert.match((await within(machine.died, LIMIT_MS)) ?? '', /ended \(SIGKILL\)/)
      }))
    it('cleans up after itself when it cannot prepare', (t) =>
      withSetup(t, rig, {}, async (setup) => {
        rmSync(setup.directory, { recursive: true })
        await assert.rejects(
          rig.prepare(setup).then((machine) => machine.dispose()),
          (error) => error instanceof ProbeError || messageOf(error).includes('ENOENT'),
        )
        assertNothingLeft(setup)
      }))
  })
}

interface Case {
  readonly machine: Machine
  readonly setup: RigSetup
}

async function withSetup(
  t: TestContext,
  rig: RigKind,
  changes: Partial<RigSetup>,
  work: (setup: RigSetup) => Promise<void>,
): Promise<void> {
  try {
    rig.require()
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return
  }
  const scratch = createScratch('test-rig')
  const directory = scratch.file('cycle')
  mkdirSync(directory)
  const [image = 'raw'] = rig.images
  const [cache = 'none'] = rig.caches
  const [cut = 'sigkill'] = rig.cuts
  try {
    await work({ directory, scratch, image, cache, cut, sizeBytes: SIZE_BYTES, seed: SEED, ...changes })
  } finally {
    scratch.remove()
  }
}

function withMachine(
  t: TestContext,
  rig: RigKind,
  changes: Partial<RigSetup>,
  work: (case_: Case) => Promise<void>,
): Promise<void> {
  return withSetup(t, rig, changes, async (setup) => {
    const machine = await rig.prepare(setup)
    try {
      await work({ machine, setup })
    } finally {
      await machine.dispose()
    }
    assertNothingLeft(setup)
  })
}

async function contentsFollowFromSetup(t: TestContext, rig: RigKind): Promise<void> {
  for (const image of rig.images) {
    const digests: string[] = []
    for (let time = 0; time < 2; time++) {
      await withMachine(t, rig, { image }, async ({ machine }) => {
        if (machine.kind === 'agent') digests.push(digestOf(machine.target))
      })
    }
    assert.equal(digests[0], digests[1], image)
  }
}

async function keepsStable(case_: Case, rig: RigKind, cut: RigKind['cuts'][number]): Promise<void> {
  const { machine } = case_
  if (machine.kind === 'self') await cutsItself(machine, cut)
  else if (machine.kind === 'agent') await cutsWriter(case_, machine, rig, cut)
  else assert.fail(`a machine of kind ${machine.kind} is held to the port by its own suite`)
}

/** 4 KiB of `A` at 1 MiB, flushed; 4 KiB of `B` at 2 MiB, complete but not flushed. */
const FLUSHED_AT = 2 ** 20
const COMPLETE_AT = 2 * 2 ** 20
const WRITE_BYTES = 4096

async function cutsWriter(
  { setup }: Case,
  machine: AgentMachine,
  rig: RigKind,
  cut: RigKind['cuts'][number],
): Promise<void> {
  assert.ok(statSync(machine.target).size >= setup.sizeBytes)
  const writer = await startWriter(machine.target)
  try {
    const own = processesUnder(setup).filter((pid) => pid !== writer.pid)
    const record = await machine.cut(cut, [{ what: 'writer', pid: writer.pid ?? 0 }])
    assert.equal(record.kind, cut)
    assert.equal(record.died, true, record.note)
    assert.equal(record.signal, cut === 'sigterm' ? 'SIGTERM' : 'SIGKILL')
    assert.ok(record.target !== undefined && own.includes(record.target.pid))
    assert.ok(record.alsoDied?.includes('writer'))
    assert.ok(Date.parse(record.at) <= Date.now())
    for (const pid of [...own, writer.pid ?? 0]) assert.ok(isGone(pid), `process ${pid} is gone`)
    const before = digestOf(machine.survivor)
    await machine.dispose()
    assertNothingLeft(setup)
    assert.equal(digestOf(machine.survivor), before, 'nothing changes the survivor after the cut')
    await checkSurvivor(machine, setup, rig, cut)
  } finally {
    writer.kill('SIGKILL')
  }
}

async function checkSurvivor(machine: AgentMachine, setup: RigSetup, rig: RigKind, cut: string): Promise<void> {
  const raw = join(setup.directory, 'survivor.raw')
  await runTool('qemu-img', ['convert', '-f', machine.survivorFormat, '-O', 'raw', machine.survivor, raw])
  const flushed = holds(raw, FLUSHED_AT, 'A')
  const complete = holds(raw, COMPLETE_AT, 'B')
  const lies = setup.cache === 'unsafe' && cut === 'host-power'
  assert.equal(flushed, !lies, `a flushed write ${lies ? 'is lost by a liar' : 'survives'} (${rig.name})`)
  if (machine.contract === 'write-through') assert.ok(complete, 'a complete write survives under write-through')
  else if (cut === 'host-power') assert.ok(!complete, 'an unflushed write does not survive a volatile cache')
}

async function cutsItself(machine: SelfRunningMachine, cut: RigKind['cuts'][number]): Promise<void> {
  const run = await machine.run({
    run: '0123456789abcdef',
    campaign: 'conformance',
    options: { seed: SEED, workload: 'random', queueDepth: '4' },
    labels: { test: 'yes' },
    cutAfterMs: 200,
  })
  assert.equal(run.manifest.run, '0123456789abcdef')
  assert.equal(run.manifest.plan.seed, SEED)
  assert.equal(run.manifest.environment.labels['test'], 'yes')
  assert.ok(run.note.includes(SEED), 'the note has the seed')
  let bytes = 0
  for await (const piece of run.log) {
    assert.ok(piece.length > 0 && piece.length <= 4 << 20)
    bytes += piece.length
  }
  assert.ok(bytes > 0)
  const record = await machine.cut(cut, [])
  assert.equal(record.kind, cut)
  assert.equal(record.died, true)
  assert.ok(statSync(machine.survivor).size >= SIZE_BYTES || machine.survivorFormat === 'qcow2')
}

const WRITER = `
const fs = require('node:fs')
const [, target, bytes, flushedAt, completeAt] = process.argv
const file = fs.openSync(target, 'r+')
const put = (letter, at) => fs.writeSync(file, Buffer.alloc(+bytes, letter), 0, +bytes, +at)
put('A', flushedAt)
fs.fdatasyncSync(file)
put('B', completeAt)
process.stdout.write('ready')
setInterval(() => undefined, 1000)
`

/** A process that writes and then holds the target open, as an agent under power loss does. */
async function startWriter(target: string): Promise<ChildProcess> {
  const args = ['-e', WRITER, target, String(WRITE_BYTES), String(FLUSHED_AT), String(COMPLETE_AT)]
  const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = new Promise<boolean>((resolve) => {
    writer.stdout.once('data', () => resolve(true))
    writer.once('exit', () => resolve(false))
  })
  const up = await within(ready, LIMIT_MS)
  if (up !== true) writer.kill('SIGKILL')
  assert.equal(up, true, 'the writer wrote')
  return writer
}

function holds(path: string, at: number, letter: string): boolean {
  const buffer = Buffer.alloc(WRITE_BYTES)
  const file = openSync(path, 'r')
  try {
    readSync(file, buffer, 0, WRITE_BYTES, at)
  } finally {
    closeSync(file)
  }
  return buffer.equals(Buffer.alloc(WRITE_BYTES, letter))
}

const digestOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** Processes whose command line or open files lie in the machine's directory. */
function processesUnder({ directory }: RigSetup): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => !isGone(pid) && usesFolder(pid, directory))
}

function usesFolder(pid: number, directory: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory)) return true
    return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(directory))
  } catch {
    // Gone meanwhile, or not ours to look at.
    return false
  }
}

function assertNothingLeft(setup: RigSetup): void {
  assert.deepEqual(
    mountsUnder(setup.directory).map(({ path }) => path),
    [],
    'no mount is left',
  )
  assert.deepEqual(processesUnder(setup), [], 'no process is left')
}
