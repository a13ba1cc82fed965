/** `npm run bench -- reading`: the verifier's reading and judging beside fio's reading; writes docs/bench/reading.json and its section of docs/PERFORMANCE.md. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RawOptions } from '../../src/core/agent-options.ts'
import { runTool } from '../../src/io/process.ts'
import { createProgress } from '../../src/io/progress.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { runBench } from '../bench-command.ts'
import type { Measured } from './one.ts'
import { READING, type ReadingData, type ReadingRow, type ReadingTurn } from './page.ts'
import { type Filled, TARGETS, type TargetKind, fill } from './targets.ts'

const ONE = join(import.meta.dirname, 'one.js')
const MEMORY = '/dev/shm'
const LIMIT_MS = 120_000

async function one(args: readonly string[], signal: AbortSignal): Promise<Measured> {
  const { stdout } = await runTool(process.execPath, [ONE, ...args], { signal, limitMs: LIMIT_MS })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one.ts wrote it
  return JSON.parse(stdout) as Measured
}

/** Bytes a second, as fio says itself. */
async function fioRead(path: string, signal: AbortSignal): Promise<number> {
  const job = ['--name=r', '--rw=read', '--bs=1M', '--direct=1', `--filename=${path}`, '--output-format=json']
  const { stdout } = await runTool('fio', job, { signal, limitMs: LIMIT_MS })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- checked by use: NaN where fio says something else
  const { jobs } = JSON.parse(stdout) as { readonly jobs: readonly { readonly read: { readonly bw_bytes: number } }[] }
  return jobs[0]?.read.bw_bytes ?? Number.NaN
}

/** fio, then plugpull as it comes, then plugpull with one thread, then memory: one after the other, in every repetition. */
async function turn({ path, log }: Filled, signal: AbortSignal): Promise<ReadingTurn> {
  const fioBytesPerSecond = await fioRead(path, signal)
  const verified = await one(['verify', path, log], signal)
  const alone = await one(['verify', path, log, '0'], signal)
  const copied = await one(['copy'], signal)
  return { fioBytesPerSecond, verified, alone, copied }
}

async function measureTarget(
  kind: TargetKind,
  place: { readonly scratch: Scratch; readonly logs: Scratch },
  repeats: number,
  progressed: () => void,
  signal: AbortSignal,
): Promise<ReadingRow> {
  const filled = await fill(kind, place.scratch, place.logs, signal)
  progressed()
  // Nobody's first read, which would find caches cold that the second finds warm.
  await fioRead(filled.path, signal)
  const turns: ReadingTurn[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    turns.push(await turn(filled, signal))
    progressed()
  }
  rmSync(filled.path)
  return { kind, turns }
}

async function measureAll(repeats: number, raw: RawOptions, signal: AbortSignal): Promise<readonly ReadingRow[]> {
  const folder = typeof raw['folder'] === 'string' ? raw['folder'] : tmpdir()
  const progress = createProgress({ label: 'reading', total: TARGETS.length * (repeats + 1) })
  let done = 0
  const rows: ReadingRow[] = []
  try {
    await withScratch(
      'bench',
      (disk) =>
        withScratch(
          'bench',
          async (memory) => {
            for (const kind of TARGETS) {
              const scratch = kind.place === 'disk' ? disk : memory
              const place = { scratch, logs: disk }
              rows.push(await measureTarget(kind, place, repeats, () => progress.update(++done, kind.place), signal))
            }
          },
          MEMORY,
        ),
      folder,
    )
  } finally {
    progress.finish()
  }
  return rows
}

const { stdout: fioVersion } = await runTool('fio', ['--version'])
await runBench<ReadingData>({
  name: 'reading',
  description: 'reading and judging a device, beside fio reading it',
  repeatDefault: 4,
  section: READING,
  options: (command) => command.option('--folder <path>', 'folder on the disk to read from (default: TMPDIR)'),
  machine: () => ({ fio: fioVersion.trim().replace(/^fio-/, '') }),
  measure: async (repeats, signal, raw) => ({ rows: await measureAll(repeats, raw, signal) }),
})
