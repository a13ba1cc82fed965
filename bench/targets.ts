/**
 * Targets for a bench: files, a scratch folder in memory, and a loop device over a file in it: about as near as a block device comes to one that costs nothing.
 * Root only. A bench that was killed leaves the device behind; the next one finds it by the folder that is gone and takes it away.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename } from 'node:path'
import { atExit } from '../src/io/interrupt.ts'
import { runToolSync } from '../src/io/process.ts'
import { recoverScratch } from '../src/io/scratch.ts'
import { readKernelFile } from '../src/io/target.ts'

const SHARED_MEMORY = '/dev/shm'
const TMPFS_MAGIC = 0x01021994
const CHUNK_BYTES = 2 ** 20
const LOSETUP_LIMIT_MS = 10_000
/** What the kernel and losetup say behind the name of a file that was removed. */
const DELETED = ' (deleted)'

/** Where scratch folders are in memory, if there is such a place here; else where they always are. */
export function memoryFolder(): { readonly path: string; readonly inMemory: boolean } {
  const inMemory = isTmpfs(SHARED_MEMORY)
  return { path: inMemory ? SHARED_MEMORY : tmpdir(), inMemory }
}

function isTmpfs(path: string): boolean {
  try {
    return statfsSync(path).type === TMPFS_MAGIC
  } catch {
    return false
  }
}

export interface LoopDevice {
  readonly path: string
  /** Takes it away; safe to call twice. */
  detach(): void
}

/** A loop device over `file`, for as long as this process lives. */
export function attachLoop(file: string): LoopDevice {
  const path = runToolSync('losetup', ['--find', '--show', file], { limitMs: LOSETUP_LIMIT_MS }).stdout.trim()
  const backing = backingOf(path)
  const detach = (): void => {
    disarm()
    // Once it is gone its name may be that of somebody else's.
    if (backingOf(path).replace(DELETED, '') === backing) detachNamed(path)
  }
  const disarm = atExit(detach)
  return { path, detach }
}

/** The file behind it, or nothing. */
const backingOf = (path: string): string =>
  (readKernelFile(`/sys/block/${basename(path)}/loop/backing_file`) ?? '').trim()

const detachNamed = (path: string): void =>
  void runToolSync('losetup', ['--detach', path], { limitMs: LOSETUP_LIMIT_MS, accept: [0, 1] })

/** A file of that many bytes, all of them zeros that take no room. */
export function sparseFile(path: string, bytes: number): string {
  const descriptor = openSync(path, 'wx')
  try {
    ftruncateSync(descriptor, bytes)
  } finally {
    closeSync(descriptor)
  }
  return path
}

/** A file of that many bytes, every block of it allocated and written once, so that a write to it changes nothing but data. */
export function writtenFile(path: string, bytes: number): string {
  const descriptor = openSync(path, 'wx')
  try {
    const chunk = new Uint8Array(Math.min(bytes, CHUNK_BYTES)).fill(0x5a)
    for (let at = 0; at < bytes; at += chunk.length)
      writeSync(descriptor, chunk, 0, Math.min(chunk.length, bytes - at), at)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  return path
}

/** Takes away the loop devices that killed benches with scratch folders of that label left, and the folders. Returns the devices. */
export function reapLoops(
  label: string,
  parents: readonly string[] = [memoryFolder().path, tmpdir()],
): readonly string[] {
  for (const parent of parents) recoverScratch(parent)
  const { stdout } = runToolSync('losetup', ['--list', '--noheadings', '--raw', '--output', 'NAME,BACK-FILE'], {
    limitMs: LOSETUP_LIMIT_MS,
  })
  const orphans = orphanedLoops(
    stdout,
    parents.map((parent) => `${parent}/plugpull-${label}-`),
  )
  for (const path of orphans) detachNamed(path)
  return orphans
}

/** Of losetup's lines `DEVICE FILE`, the devices over files that begin so and were removed. Its raw output writes a space as \x20. */
export const orphanedLoops = (list: string, prefixes: readonly string[]): readonly string[] =>
  list.split('\n').flatMap((line) => {
    const [path = '', file = ''] = line.replaceAll('\\x20', ' ').split(/ (.*)/)
    return file.endsWith(DELETED) && prefixes.some((prefix) => file.startsWith(prefix)) ? [path] : []
  })
