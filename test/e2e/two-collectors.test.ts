/**
 * Two collectors over one PostgreSQL, behind a balancer: a thousand runs stream in, one collector is killed in the middle, and
 * everything that was acknowledged is there, byte for byte, once.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProbeError } from '../../src/core/errors.ts'
import { CollectorClient } from '../../src/io/collector-client.ts'
import { logBytes, readAll, runId, sampleManifest, sampleVerdict, spawnCollector } from '../collector/helpers.ts'
import { startBalancer } from '../support/balancer.ts'
import { until } from '../support/plugpull-process.ts'
import { NO_POSTGRES, startPostgres } from '../support/postgres.ts'

const RUNS = 1000
const CLIENTS = 24
const PIECES = 3
const KILL_AFTER_RUNS = 350
const CAMPAIGN = 'two-collectors'

const postgres = await startPostgres()

/** Some hundred bytes to some thousand, another length for each. */
const pieceLength = (n: number, piece: number): number => 200 + ((n * 37 + piece * 911) % 3000)
const lengthOf = (n: number): number =>
  Array.from({ length: PIECES }, (_, piece) => pieceLength(n, piece)).reduce((sum, length) => sum + length, 0)

/** As an agent does: what was not answered is sent again. */
async function persistently<T>(work: () => Promise<T>, onFailure: () => void): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ProbeError && error.code === 'COLLECTOR_UNREACHABLE')) throw error
      onFailure()
      await sleep(10)
    }
  }
}

test(
  'one of two collectors is killed amid a thousand runs: nothing acknowledged is lost, nothing is doubled',
  { skip: postgres === undefined ? NO_POSTGRES : false, timeout: 180_000 },
  async (t) => {
    assert(postgres !== undefined)
    const url = await postgres.createDatabase()
    // At once, on an empty database: one of them makes the tables.
    const [survivor, victim] = await Promise.all([spawnCollector(t, url), spawnCollector(t, url)])
    const balancer = await startBalancer([survivor.url, victim.url])
    t.after(() => balancer.close())
    const clients = Array.from({ length: CLIENTS }, () => new CollectorClient(balancer.url))
    t.after(() => Promise.all(clients.map((client) => client.close())))

    let next = 0
    let done = 0
    let retries = 0
    const failed = (): void => void retries++
    const streamAll = async (client: CollectorClient): Promise<void> => {
      for (let n = next++; n < RUNS; n = next++) {
        const run = runId(n)
        await persistently(() => client.createRun(run, CAMPAIGN, sampleManifest(run, CAMPAIGN)), failed)
        for (let piece = 0, at = 0; piece < PIECES; piece++) {
          const bytes = logBytes(n, at, pieceLength(n, piece))
          const result = await persistently(() => client.append(run, at, bytes), failed)
          assert.deepEqual(result, { kind: 'stored', offset: at + bytes.length })
          at = result.offset
        }
        if (n % 5 === 0)
          assert.equal(await persistently(() => client.publishVerdict(run, sampleVerdict(run)), failed), 1)
        done++
      }
    }
    const streaming = Promise.all(clients.map(streamAll))
    await Promise.race([streaming, until('runs', () => (done >= KILL_AFTER_RUNS ? true : undefined))])
    await victim.kill('SIGKILL')
    const doneAtKill = done
    await streaming
    t.diagnostic(`killed after ${doneAtKill} runs; ${retries} requests were sent again`)
    assert(doneAtKill < RUNS - CLIENTS, 'the kill was in the middle')

    const reader = new CollectorClient(survivor.url)
    t.after(() => reader.close())
    const seen = new Set<string>()
    for await (const { run, bytes, verdict } of reader.allRuns(CAMPAIGN)) {
      assert(!seen.has(run))
      seen.add(run)
      const n = Number.parseInt(run, 16)
      assert.equal(bytes, lengthOf(n))
      assert.equal(verdict !== undefined, n % 5 === 0)
    }
    assert.equal(seen.size, RUNS)
    let read = 0
    const readSome = async (): Promise<void> => {
      for (let n = read++; n < RUNS; n = read++) {
        const log = await readAll(reader.readLog(runId(n)))
        assert(log.equals(logBytes(n, 0, lengthOf(n))), `run ${n} has other bytes`)
      }
    }
    await Promise.all(Array.from({ length: 8 }, readSome))
    const total = Array.from({ length: RUNS }, (_, n) => lengthOf(n)).reduce((sum, length) => sum + length, 0)
    assert.deepEqual(await postgres.query(url, 'SELECT sum(length(bytes)) AS bytes FROM chunks'), [
      { bytes: `${total}` },
    ])
  },
)
