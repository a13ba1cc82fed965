/** `npm run bench -- ingest`: a hundred agents against one collector, over SQLite and over PostgreSQL; writes docs/bench/ingest.json and its section of docs/PERFORMANCE.md. */
import { statfsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { ProbeError } from '../../src/core/errors.ts'
import { runTool } from '../../src/io/process.ts'
import { createProgress } from '../../src/io/progress.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { NO_POSTGRES, type OwnPostgres, ownPostgres } from '../../test/support/postgres.ts'
import { runBench } from '../bench-command.ts'
import { Fleet, FLEET_PROCESSOR, type Ingested, measure } from './measure.ts'
import { INGEST, type IngestCase, type IngestData } from './page.ts'
import { syncsPerSecond } from './sync-rate.ts'

const AGENTS = 100
const MIB = 1 << 20
/** With what each agent sends in all: a second or two of work. */
const SIZES = [
  { appendBytes: 16 << 10, logBytes: MIB },
  { appendBytes: 256 << 10, logBytes: 3 * MIB },
] as const
const STORES = ['SQLite', 'PostgreSQL'] as const
const LOG_BYTES = Math.max(...SIZES.map(({ logBytes }) => logBytes))
const TMPFS = 0x01021994

/** Each case once, then each again. */
async function measureAll(
  fleet: Fleet,
  postgres: OwnPostgres,
  repeats: number,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<readonly IngestCase[]> {
  const cases = STORES.flatMap((store) => SIZES.map((size) => ({ store, ...size, runs: new Array<Ingested>() })))
  const progress = createProgress({ label: 'ingest', total: cases.length * repeats })
  let done = 0
  try {
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const { store, appendBytes, logBytes, runs } of cases) {
        progress.update(done++, `${store}, ${appendBytes >> 10} KiB`)
        const order = { appendBytes, logBytes, ...(await newStore(store, postgres, scratch, done)) }
        runs.push(await measure(fleet, order, scratch, signal))
      }
    }
  } finally {
    progress.finish()
  }
  return cases.map(({ store, appendBytes, runs }) => ({ store, appendBytes, runs }))
}

async function newStore(
  store: IngestCase['store'],
  postgres: OwnPostgres,
  scratch: Scratch,
  number: number,
): Promise<{ readonly store: string; readonly server?: number }> {
  if (store === 'SQLite') return { store: `sqlite:${scratch.file(`store-${number}.db`)}` }
  return { store: await postgres.createDatabase(), server: postgres.pid }
}

/** A server whose processes all run where the fleet does. */
async function pinnedPostgres(): Promise<OwnPostgres> {
  const postgres = await ownPostgres()
  if (postgres === undefined) throw new ProbeError('RIG_UNAVAILABLE', NO_POSTGRES)
  const processes = ['-a', '-p', '-c', String(FLEET_PROCESSOR)]
  await runTool('taskset', [...processes, String(postgres.pid)])
  return postgres
}

function requireDisk(): void {
  const folder = tmpdir()
  if (statfsSync(folder).type === TMPFS)
    throw new ProbeError(
      'BAD_OPTION',
      `${folder} is memory, not a disk; set TMPDIR to a folder on the disk to be measured`,
    )
  if (availableParallelism() < 2)
    throw new ProbeError('RIG_UNAVAILABLE', 'the collector and its agents need a processor each, and there is one')
}

await runBench<IngestData>({
  name: 'ingest',
  description: 'what one collector on one processor takes in and keeps, from a hundred agents',
  repeatDefault: 3,
  section: INGEST,
  measure: (repeats, signal) => {
    requireDisk()
    return withScratch('bench-ingest', async (scratch) => {
      const fleet = new Fleet(AGENTS, LOG_BYTES, scratch)
      try {
        const rate = await syncsPerSecond(scratch, signal)
        await fleet.ready()
        const postgres = await pinnedPostgres()
        try {
          const cases = await measureAll(fleet, postgres, repeats, scratch, signal)
          return { agents: AGENTS, syncsPerSecond: rate, cases }
        } finally {
          await postgres.end()
        }
      } finally {
        await fleet.end()
      }
    })
  },
})
