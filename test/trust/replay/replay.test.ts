/** How two logs are tied together, and that a wrong tie or a wrong judge would be seen. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { prefixOf, readAgentLog } from '../../../trust/replay/agent-log.ts'
import { pointsOfRecords, prefixLength } from '../../../trust/replay/cut-points.ts'
import { BASELINE, DeviceState, FOREIGN, HONEST } from '../../../trust/replay/device-state.ts'
import { brokenSectors, stableWrites } from '../../../trust/replay/expected.ts'
import { type Recording, judged, replay } from '../../../trust/replay/replay.ts'
import { troubleOf } from '../../../trust/replay/runs.ts'
import { Prng, keyOf } from '../../../src/core/prng.ts'
import { SectorBuffer } from '../../../src/core/stamp.ts'
import type { WriteLogEntry } from '../../../src/core/write-log.ts'
import { blockHistoryOf } from '../../../trust/replay/block-history.ts'
import { entriesOf, handMade } from './hand-made.ts'

const SEED = '00000000000000ee'
const { signal } = new AbortController()

/** The point of each record, `-` for never. */
const points = ({ log, blocks }: Recording): string =>
  pointsOfRecords(log, blocks)
    .map((point) => (point === Infinity ? '-' : String(point)))
    .join(' ')

const STORY = ['w 0+2; w 2+1; w 0+1; w 4+2', 'N4 i1 c1 i2 f1 c2 d1 i3 c3 f2 d2 i4', 'b F w1 w2 F w3 F w4'] as const

describe('a point of the log of writes', () => {
  it('takes a completion once the data are there, and a flush once all that completed before it is flushed', () => {
    assert.equal(points(handMade(...STORY)), '2 2 3 3 3 4 5 5 6 6 7 7')
  })

  it('waits for all parts of a write that was split', () => {
    assert.equal(points(handMade('w 0+2; w 4+1', 'N2 i1 c1 i2 c2', 'b F w1.0 w2 w1.1')), '2 2 5 5 5')
  })

  it('takes a FUA write once it is FUA there too, or a flush stands after it', () => {
    assert.equal(points(handMade('w 0+1 fua; w 1+1 fua', 'N2 i1 c1 i2 c2', 'b F w1! w2 F')), '2 2 3 3 5')
  })

  it('never takes a write that the log has not or has in part, nor what follows a failure', () => {
    assert.equal(points(handMade('w 0+1; w 1+1', 'N2 i1 c1 i2 c2', 'b F w1')), '2 2 3 3 -')
    assert.equal(points(handMade('w 0+2', 'N1 i1 c1', 'b F w1.0')), '2 2 -')
    assert.equal(points(handMade('w 0+1; w 1+1', 'N2 i1 e1 i2 c2', 'b F w1 w2')), '2 2 - - -')
  })

  it('takes no flush whose flush the log has not', () => {
    assert.equal(points(handMade('w 0+1', 'N1 i1 c1 f1 d1', 'b F w1')), '2 2 3 3 -')
  })

  it('has the longest prefix that it may have', () => {
    const { log, blocks } = handMade(...STORY)
    const lengths = [2, 3, 4, 5, 6, 7, 8].map((point) => prefixLength(pointsOfRecords(log, blocks), point))
    assert.deepEqual(lengths, [2, 5, 6, 8, 10, 12, 12])
  })
})

describe('a log of writes that ends in a cut', () => {
  it('is taken up to the first entry that is not wholly of the run', () => {
    const { manifest } = handMade(...STORY).log
    const entries = entriesOf(STORY[2], manifest)
    const dataOf = (torn: number) => (entry: WriteLogEntry) => {
      const whole = entries.find((other) => other === entry)?.data ?? SectorBuffer.ofSectors(0)
      const data = SectorBuffer.ofSectors(whole.sectors)
      data.bytes.set(whole.bytes)
      if (entry === entries[torn]) data.bytes.fill(0, data.bytes.length - 512)
      return data
    }
    assert.equal(blockHistoryOf(entries, dataOf(-1), manifest).entries.length, entries.length)
    for (const torn of [2, 3, 5, 7]) assert.equal(blockHistoryOf(entries, dataOf(torn), manifest).entries.length, torn)
  })

  it('is refused where it has a discard', () => {
    const { manifest } = handMade(...STORY).log
    const [first] = entriesOf('b', manifest)
    assert.ok(first !== undefined)
    assert.throws(
      () => blockHistoryOf([{ ...first, kind: 'discard' }], () => first.data, manifest),
      /a discard of 8 sectors/,
    )
  })
})

describe('a prefix of an agent’s log', () => {
  it('is a log of those records', () => {
    const { log } = handMade(...STORY)
    for (let count = 0; count <= log.records.length; count++) {
      const read = readAgentLog(prefixOf(log, count))
      assert.deepEqual(read.records, log.records.slice(0, count))
      assert.deepEqual(read.manifest, log.manifest)
    }
  })
})

describe('what has to be found', () => {
  const { log, blocks } = handMade(...STORY)
  const region = { lba: 0, sectors: 8 }
  const stable = stableWrites(log, log.records.length)
  const broken = (holders: readonly number[]): readonly number[] => {
    const state = new DeviceState(region)
    state.holders.set(holders)
    return brokenSectors(state, region, blocks, stable)
  }

  it('is every sector that holds less than its newest stable write, and what is foreign', () => {
    assert.deepEqual([...stable], [1, 2, 3])
    assert.deepEqual(broken([3, 1, 2, 0, 4, 4]), [])
    assert.deepEqual(broken([3, 1, 2, 0, 0, 4]), [])
    assert.deepEqual(broken([1, 1, 2]), [0])
    assert.deepEqual(broken([3, BASELINE, BASELINE]), [1, 2])
    assert.deepEqual(broken([3, 1, 2, 0, 0, 0, FOREIGN]), [6])
  })
})

describe('a replay', () => {
  it('accuses no honest state and convicts every broken one', async () => {
    const {
      rules,
      disagreements,
      flushes,
      flushesReached,
      points: count,
    } = await replay(handMade(...STORY), { seed: SEED, signal })
    assert.deepEqual([disagreements, flushes, flushesReached, count], [[], 2, 2, 7])
    for (const { rule, honest, states, broken, violation, missed, falselyAccused } of rules) {
      assert.deepEqual([missed, falselyAccused], [0, 0], rule)
      assert.equal(violation, broken, rule)
      if (honest) assert.deepEqual([states, broken], [7, 0], rule)
      else assert.ok(broken > 0, rule)
    }
  })

  it('sees a prefix that is longer than what had happened: an honest state is accused', () => {
    const { log, blocks } = handMade(...STORY)
    const state = HONEST['in order'](blocks, 3, log.manifest.plan.region, new Prng(keyOf(SEED)))
    assert.ok(state !== undefined)
    assert.equal(judged(state, prefixOf(log, 5), 'volatile').verdict, 'inconclusive')
    assert.equal(judged(state, prefixOf(log, log.records.length), 'volatile').verdict, 'violation')
  })

  it('sees a device whose log of writes lacks what the agent was told', async () => {
    const lacking = handMade('w 0+1; w 1+1', 'N2 i1 c1 f1 d1 i2 c2 f2 d2', 'b F w1 F w2')
    const result = await replay(lacking, { seed: SEED, signal })
    const data = { ...result, name: 'test', source: 'blklogwrites', workload: '', seed: SEED } as const
    assert.match(troubleOf(data).join(), /only 1 of 2 flushes/)
  })

  it('says where judge and log of writes disagree', async () => {
    const { log, blocks } = handMade(...STORY)
    // The agent's log claims a write that was never planned there: its version 3 is called version 2 by a false script.
    const other = handMade('w 0+2; w 0+1; w 2+1; w 4+2', STORY[1], STORY[2])
    const { disagreements } = await replay({ log: other.log, blocks }, { seed: SEED, signal })
    assert.ok(disagreements.length > 0)
    assert.match(disagreements[0] ?? '', /^point \d+, .*, seed 00000000000000ee: accused and not broken/)
    assert.ok(log.records.length > 0)
  })
})
