/**
 * An export to where it is asked for: a file, packed where its name ends in .gz, or stdout. A file is there whole or not at
 * all: it is written beside its place, made stable, and only then given its name.
 */
import { closeSync, createWriteStream, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { errnoOf, ProbeError } from '../../core/errors.ts'
import { atExit } from '../../io/interrupt.ts'
import { cannotWrite, refuseFolder } from '../../io/write-whole.ts'

/** Writes all of it; throws OUTPUT_IO naming the file, or what the source threw. Leaves no part of a file behind. */
export async function writeFile(source: AsyncIterable<Uint8Array>, path: string, signal: AbortSignal): Promise<void> {
  refuseFolder(path, '--output')
  const partial = `${path}.${process.pid}.partial`
  const dispose = atExit(() => rmSync(partial, { force: true }))
  try {
    const from = Readable.from(source, { objectMode: false })
    const to = createWriteStream(partial, { flush: true })
    if (path.endsWith('.gz')) await pipeline(from, createGzip(), to, { signal })
    else await pipeline(from, to, { signal })
    renameSync(partial, path)
    syncFolder(dirname(path))
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ProbeError || errnoOf(error) === undefined) throw error
    throw cannotWrite(path, partial, error, '--output')
  } finally {
    rmSync(partial, { force: true })
    dispose()
  }
}

/** The name is stable once the folder is. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes all of it to stdout, no faster than it is read. */
export async function writeStdout(source: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(Readable.from(source, { objectMode: false }), process.stdout, { signal, end: false })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
