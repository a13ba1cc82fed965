/** What PostgreSQL's own program says of the disk: fdatasync in a second, each of one block of 8 KiB. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import { findProgram, runTool } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'

/** Debian keeps it off the PATH. */
const DEBIAN = '/usr/lib/postgresql'
const SECONDS_EACH = 1
const LIMIT_MS = 120_000

function programPath(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  const paths = ['pg_test_fsync', ...versions.map((version) => join(DEBIAN, version, 'bin', 'pg_test_fsync'))]
  const path = paths.map(findProgram).find((found) => found !== undefined)
  if (path !== undefined) return path
  throw new ProbeError('RIG_UNAVAILABLE', 'pg_test_fsync is not installed; it comes with the Debian package postgresql')
}

export async function syncsPerSecond(scratch: Scratch, signal: AbortSignal): Promise<number> {
  const file = scratch.file('pg_test_fsync')
  const { stdout } = await runTool(programPath(), ['-s', String(SECONDS_EACH), '-f', file], {
    signal,
    limitMs: LIMIT_MS,
  })
  rmSync(file, { force: true })
  const rate = Number(/^\s*fdatasync\s+([\d.]+) ops\/sec/m.exec(stdout)?.[1])
  if (Number.isFinite(rate)) return rate
  throw new ProbeError('RIG_FAILED', `pg_test_fsync told no rate of fdatasync: ${stdout.slice(0, 500)}`)
}
