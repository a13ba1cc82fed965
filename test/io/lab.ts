/** What tests of the edges need: a scratch folder, loop devices, mounts, processes; all undone in reverse order, come what may. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { sleepMs } from '../../src/io/clock.ts'
import { atExit } from '../../src/io/interrupt.ts'
import { runToolSync } from '../../src/io/process.ts'
import { type Requirement, describeMissing, missingRequirements } from '../../src/io/requirements.ts'
import { type Scratch, createScratch } from '../../src/io/scratch.ts'

export interface LoopOptions {
  readonly logicalBlockBytes?: number
  readonly readOnly?: boolean
  readonly partitions?: boolean
}

export class Lab {
  readonly scratch: Scratch
  readonly #undo: (() => void | Promise<void>)[] = []

  constructor() {
    this.scratch = createScratch('test')
    this.defer(() => this.scratch.remove())
  }

  defer(undo: () => void | Promise<void>): void {
    this.#undo.push(undo)
  }

  async close(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo()
  }

  /** A file of zeros: sparse, or with `content` at byte offsets. */
  file(name: string, bytes: number, content: Readonly<Record<number, Uint8Array | string>> = {}): string {
    const path = this.scratch.file(name)
    const descriptor = openSync(path, 'w+')
    ftruncateSync(descriptor, bytes)
    for (const [offset, data] of Object.entries(content)) {
      const chunk = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
      writeSync(descriptor, chunk, 0, chunk.length, Number(offset))
    }
    closeSync(descriptor)
    return path
  }

  /** A loop device over a file or device. */
  loop(backing: string, options: LoopOptions = {}): string {
    const flags = [
      ...(options.logicalBlockBytes === undefined ? [] : ['--sector-size', String(options.logicalBlockBytes)]),
      ...(options.readOnly === true ? ['--read-only'] : []),
    ]
    const path = runToolSync('losetup', ['--find', '--show', ...flags, backing]).stdout.trim()
    const detach = (): void => {
      if (options.partitions === true) runToolSync('partx', ['--delete', path], { accept: [0, 1] })
      runToolSync('losetup', ['--detach', path], { accept: [0, 1] })
    }
    const disarm = atExit(detach)
    this.defer(() => {
      detach()
      disarm()
    })
    // partx reads the table itself: some kernels know partitions, but no partition tables.
    if (options.partitions === true) runToolSync('partx', ['--add', path])
    return path
  }

  run(command: string, ...args: string[]): string {
    return runToolSync(command, args).stdout
  }

  mount(source: string, ...options: string[]): string {
    const folder = this.scratch.file(`mnt${this.#undo.length}`)
    runToolSync('mkdir', [folder])
    runToolSync('mount', [...options, source, folder])
    this.defer(() => void runToolSync('umount', [folder]))
    return folder
  }
}

/** A lab for this test, or `undefined` after skipping it because the machine lacks something. */
export function openLab(t: TestContext, requirements: readonly Requirement[] = []): Lab | undefined {
  const lacking = missingRequirements(requirements)
  if (lacking.length > 0) {
    t.skip(`NOT TESTED HERE: ${describeMissing(lacking)}`)
    return undefined
  }
  const lab = new Lab()
  t.after(() => lab.close())
  return lab
}

/** True while the process exists and is more than a zombie. */
export function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits, with a limit, until it does not. */
export async function untilDead(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 500 && isAlive(pid); tries++) await sleepMs(10)
  return !isAlive(pid)
}
