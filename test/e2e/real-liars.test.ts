/** Liars made of stock parts: a host's disk that ignores flushes, device mapper inside a guest, and what a log of writes replays. */
import assert from 'node:assert/strict'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { messageOf } from '../../src/core/errors.ts'
import { Prng, keyOf } from '../../src/core/prng.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { requireAll } from '../../src/io/requirements.ts'
import { guestImage } from '../../src/rig/guest/guest-image.ts'
import { prefixOf } from '../../trust/replay/agent-log.ts'
import { pointsOfRecords, prefixLength } from '../../trust/replay/cut-points.ts'
import { HONEST, LIARS } from '../../trust/replay/device-state.ts'
import { recordBehindDaemon } from '../../trust/replay/record.ts'
import { recordAndReplay, troubleOf } from '../../trust/replay/runs.ts'
import { type Place, inPlace, loop, skippedWithout } from './loop-run.ts'

const words = (text: string): readonly string[] => text.split(' ')
const GUEST = words('--rig qemu --accel tcg --size 8M --cycles 1')
const SEED = '00000000000000f1'
const { signal } = new AbortController()

/** Skips, loudly, where no guest with device mapper can be made. */
async function skippedWithoutMapper(t: TestContext): Promise<boolean> {
  if (skippedWithout(t, 'qemu')) return true
  try {
    requireAll('this test', ['dmsetup'])
    await guestImage('virtio-blk', { deviceMapper: true })
    return false
  } catch (error) {
    t.skip(`SKIPPED: ${messageOf(error)}`)
    return true
  }
}

async function cycleOf(place: Place, args: readonly string[]) {
  const { status, result } = await loop(place, args)
  const [cycle] = result.cycles
  assert.ok(cycle !== undefined)
  return { status, cycle, told: JSON.stringify([cycle.problem, cycle.cut?.note]) }
}

describe('a host’s disk that discards flushes', () => {
  for (const cache of ['none', 'writethrough']) {
    it(`cache=${cache}: every flush was a lie, and the note says who lied`, async (t) => {
      if (skippedWithout(t, 'host-power')) return
      await inPlace(async (place) => {
        const { status, cycle, told } = await cycleOf(place, [
          ...words('--rig host-power --fault fua-discard --image raw --size 16M --cycles 1'),
          '--cache',
          cache,
        ])
        assert.equal(status, 10, told)
        const { violations, liedFlushes = 0, checked, findings } = cycle.verdict ?? {}
        assert.ok((violations?.lost ?? 0) > 0)
        assert.ok(liedFlushes > 0 && liedFlushes <= (checked?.flushes ?? 0))
        assert.ok(findings?.some(({ explanation }) => explanation.includes('the flush was a lie')))
        for (const kind of ['misdirected', 'corrupt', 'collateral', 'phantom', 'unreadable'] as const)
          assert.equal(violations?.[kind], 0)
        assert.match(
          cycle.cut?.note ?? '',
          /--fault fua-discard: the host's disk acknowledged every flush and did none/,
        )
      })
    })
  }

  it('is convicted below a guest too, and is refused where the host keeps its power', async (t) => {
    if (skippedWithout(t, 'qemu', 'host-power')) return
    await inPlace(async (place) => {
      const { status, cycle, told } = await cycleOf(place, [...GUEST, ...words('--fault fua-discard --cut host-power')])
      assert.equal(status, 10, told)
      assert.ok((cycle.verdict?.violations.lost ?? 0) > 0)
      const refused = await place.run(['loop', ...GUEST, ...words('--fault fua-discard --cut sigkill')])
      assert.equal(refused.status, 64)
      assert.match(refused.stderr, /add --cut host-power/)
    })
  })
})

describe('device mapper in a guest', () => {
  it('drops writes and flushes: convicted of exactly that, with the disk’s image as the witness', async (t) => {
    if (await skippedWithoutMapper(t)) return
    await inPlace(async (place) => {
      const { status, cycle, told } = await cycleOf(place, [...GUEST, '--fault', 'flakey-drop-writes'])
      assert.equal(status, 10, told)
      assert.match(told, /--fault flakey-drop-writes/)
      const { violations, liedFlushes } = cycle.verdict ?? {}
      assert.ok((violations?.lost ?? 0) > 0 && (liedFlushes ?? 0) > 0)
      const { lost, torn, ...others } = violations ?? { lost: 0, torn: 0 }
      assert.ok(lost > torn)
      for (const count of Object.values(others)) assert.equal(count, 0)
    })
  })

  it('fails writes: the run ends, and the disk is not accused', async (t) => {
    if (await skippedWithoutMapper(t)) return
    await inPlace(async (place) => {
      const keep = join(place.path, 'kept')
      const { cycle, told } = await cycleOf(place, [
        ...GUEST,
        ...words('--fault flakey-error-writes --cut-after 20s'),
        '--keep',
        keep,
      ])
      // The guest switches itself off, long before the cut.
      assert.equal(cycle.word, 'inconclusive', told)
      assert.match(cycle.problem ?? '', /before the cut/)
      const [disk, log] = ['disk.qcow2', 'run.log'].map((name) => join(cycle.keptIn ?? '', name))
      const { status, stdout, stderr } = await place.run([
        'verify',
        '--target',
        disk ?? '',
        '--log',
        log ?? '',
        '--json',
      ])
      assert.ok(status === 0 || status === 11, stderr)
      const verdict: Verdict = JSON.parse(stdout)
      assert.deepEqual(
        Object.values(verdict.violations).filter((count) => count > 0),
        [],
      )
      assert.ok(verdict.checked.stableWrites > 0 && verdict.checked.completeWrites < verdict.checked.issuedWrites)
      rmSync(keep, { recursive: true })
    })
  })

  it('goes with no file system of the guest, and its log with virtio-blk alone', async (t) => {
    if (await skippedWithoutMapper(t)) return
    await inPlace(async (place) => {
      for (const more of ['--fault flakey-drop-writes --guest-filesystem ext4', '--fault log-writes --bus nvme'])
        assert.equal((await place.run(['loop', ...GUEST, ...words(more)])).status, 64)
    })
  })

  it('logs writes, which replay to honest states that hold and to liars that are convicted', async (t) => {
    if (await skippedWithoutMapper(t)) return
    const workload =
      '--writes 60 --write-size 512-8k --queue-depth 4 --flush-every 8 --flush-mode concurrent --accel tcg'
    const run = await recordAndReplay(
      { name: 'in a guest', source: 'dm-log-writes', workload },
      { seed: SEED, signal, stride: 2 },
    )
    assert.deepEqual(troubleOf(run), [])
    assertMeaningful(run.rules)
  })
})

function assertMeaningful(rules: Awaited<ReturnType<typeof recordAndReplay>>['rules']): void {
  for (const { rule, honest, held, broken, states } of rules) {
    assert.ok(states > 10, `${rule}: ${states} states`)
    assert.ok(honest ? held > states / 2 && broken === 0 : broken > 0, `${rule}: ${held} held, ${broken} broken`)
  }
}

describe('a log of writes by QEMU', () => {
  for (const workload of [
    '--writes 80 --write-size 512-16k --queue-depth 8 --flush-every 5 --flush-mode concurrent --fua 20 --baseline format',
    '--workload overlap --writes 60 --write-size 8k --flush-every 7 --region 0..256k',
  ]) {
    it(`replays ${workload}`, async (t) => {
      if (skippedWithout(t, 'storage-daemon')) return
      const run = await recordAndReplay(
        { name: 'test', source: 'blklogwrites', workload },
        { seed: SEED, signal, stride: 2 },
      )
      assert.deepEqual(troubleOf(run), [])
      assertMeaningful(run.rules)
    })
  }

  it('gives states that the program itself judges alike', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const { log, blocks } = await recordBehindDaemon(words(`--writes 48 --flush-every 8 --seed ${SEED}`), signal)
      const point = blocks.entries.length
      const prefix = prefixOf(log, prefixLength(pointsOfRecords(log, blocks), point))
      const files = [join(place.path, 'state.raw'), join(place.path, 'run.log')] as const
      for (const [make, expected] of [
        [HONEST['in order'], 0],
        [LIARS['drops a flushed write'], 10],
      ] as const) {
        const state = make(blocks, point, log.manifest.plan.region, new Prng(keyOf(SEED)))
        assert.ok(state !== undefined)
        writeFileSync(files[0], state.buffer.bytes)
        writeFileSync(files[1], prefix)
        const { status, stderr } = await place.run(['verify', '--target', files[0], '--log', files[1], '--quiet'])
        assert.equal(status, expected, stderr)
      }
      for (const file of files) if (existsSync(file)) rmSync(file)
    })
  })
})
