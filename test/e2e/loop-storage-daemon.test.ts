/** What a killed QEMU does to real images: the published tear, what hides it, and a raw file that loses nothing. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Verdict } from '../../src/core/verdict.ts'
import type { CycleResult } from '../../src/rig/campaign.ts'
import { CYCLES, inPlace, loop, skippedWithout } from './loop-run.ts'

const TEAR = [
  '--rig',
  'storage-daemon',
  '--image',
  'qcow2-overlay-extl2',
  '--workload',
  'script',
  '--script',
  'w 8+16; flush; w 0+16',
]

describe('loop over storage-daemon', () => {
  it('tears the second write in every one of 10 tries, and holds', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [...TEAR, '--cut', 'sigkill', '--cycles', '10', '--size', '16M'])
      assert.equal(status, 0)
      assert.equal(result.schema, 'plugpull.campaign/1')
      assert.equal(result.cycles.length, 10)
      for (const { cut, verdict } of result.cycles) {
        assert.equal(cut?.signal, 'SIGKILL')
        assert.equal(cut?.target?.what, 'qemu-storage-daemon')
        assert.deepEqual(cut?.alsoDied, ['agent'])
        assert.equal(verdict?.verdict, 'held')
        assert.deepEqual(verdict?.hazards, { lost: 0, torn: 1, reordered: 0, corrupt: 0 })
        const [finding] = verdict?.findings ?? []
        assert.deepEqual(
          [finding?.kind, finding?.severity, finding?.write, finding?.missingSectors, finding?.boundaries],
          ['torn', 'hazard', 2, [0, 1, 2, 3, 4, 5, 6, 7], [4096]],
        )
      }
      assert.deepEqual([result.summary.rates.torn.count, result.summary.rates.torn.of], [10, 10])
    })
  })

  it('finds nothing after SIGTERM', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [...TEAR, '--cut', 'sigterm', '--cycles', '2', '--size', '16M'])
      assert.equal(status, 0)
      for (const { cut, verdict } of result.cycles) {
        assert.equal(cut?.signal, 'SIGTERM')
        assert.deepEqual(verdict?.hazards, { lost: 0, torn: 0, reordered: 0, corrupt: 0 })
        assert.deepEqual(verdict?.findings, [])
      }
    })
  })

  it('loses nothing of a raw file', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [
        '--rig',
        'storage-daemon',
        '--image',
        'raw',
        '--cut',
        'sigkill',
        '--cycles',
        CYCLES,
        '--size',
        '32M',
      ])
      assert.equal(status, 0)
      assert.deepEqual(
        [result.summary.held, result.summary.hazards.lost, result.summary.exposure.lostWrites],
        [Number(CYCLES), 0, 0],
      )
    })
  })

  it('keeps image, log and verdict of a cycle that did not hold, for another look', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const keep = join(place.path, 'kept')
      // Judged as write-through, a tear of what was not flushed is a violation.
      const { status, result } = await loop(place, [
        ...TEAR,
        '--contract',
        'write-through',
        '--keep',
        keep,
        '--size',
        '16M',
        '--cycles',
        '1',
      ])
      assert.equal(status, 10)
      const [cycle] = result.cycles
      const keptIn = cycle?.keptIn ?? ''
      assert.ok(keptIn.startsWith(keep))
      assert.deepEqual(readdirSync(keep), [keptIn.slice(keep.length + 1)], 'nothing but the kept cycle is there')
      for (const name of ['disk.qcow2', 'backing.raw', 'run.log', 'cycle.json'])
        assert.ok(existsSync(join(keptIn, name)), name)
      const again = await place.run([
        'verify',
        '--target',
        join(keptIn, 'disk.qcow2'),
        '--log',
        join(keptIn, 'run.log'),
        '--contract',
        'write-through',
        '--json',
      ])
      assert.equal(again.status, 10, again.stderr)
      const verdict: Verdict = JSON.parse(again.stdout)
      assert.deepEqual(verdict.findings, cycle?.verdict?.findings)
      const kept: CycleResult = JSON.parse(readFileSync(join(keptIn, 'cycle.json'), 'utf8'))
      assert.equal(kept.word, 'violation')
      rmSync(keep, { recursive: true })
    })
  })
})
