/** Real guests under QEMU: what a killed QEMU and a host without power do to them, and that trouble inside ends no loop. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Verdict } from '../../src/core/verdict.ts'
import { sleepMs } from '../../src/io/clock.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import { type Place, ended, inPlace, loop, processesNaming, skippedWithout } from './loop-run.ts'

const LIMIT_MS = 120_000
// Emulated everywhere, so that it is the same everywhere.
const QEMU = ['--rig', 'qemu', '--accel', 'tcg', '--size', '16M'] as const

const words = (text: string): readonly string[] => text.split(' ')

const oneOf = ({ cycles }: CampaignResult) => {
  const [cycle] = cycles
  assert.ok(cycle !== undefined)
  return cycle
}

const problemsOf = ({ cycles }: CampaignResult): string => JSON.stringify(cycles.map(({ problem }) => problem))

/** One cycle of that loop. */
async function cycleOf(place: Place, args: readonly string[]) {
  const { status, result } = await loop(place, [...QEMU, ...args])
  return { status, cycle: oneOf(result), problems: problemsOf(result) }
}

describe('loop over qemu', () => {
  it('tears and loses under SIGKILL what was not flushed, and holds', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [
        ...QEMU,
        ...words('--cache none --image qcow2-overlay-extl2 --workload overlap --cut sigkill'),
        // Rare flushes, so that there is something to lose whenever the cut comes.
        ...words('--flush-every 512 --cycles 2'),
      ])
      assert.equal(status, 0, problemsOf(result))
      for (const { cut, told } of result.cycles) {
        assert.deepEqual([cut?.signal, cut?.target?.what, cut?.died], ['SIGKILL', 'qemu-system-x86_64', true])
        assert.deepEqual([told?.kind, told?.writeCache, told?.driver], ['block', 'write back', 'virtio_blk'])
      }
      const { held, hazards } = result.summary
      assert.equal(held, 2)
      assert.ok(hazards.torn > 0 && hazards.lost > 0, JSON.stringify(hazards))
    })
  })

  it('convicts cache=unsafe when the host loses its power', async (t) => {
    if (skippedWithout(t, 'qemu', 'host-power')) return
    await inPlace(async (place) => {
      const { status, cycle, problems } = await cycleOf(place, ['--cache', 'unsafe', '--cut', 'host-power'])
      assert.equal(status, 10, problems)
      assert.deepEqual(cycle.cut?.alsoDied, ['nbdfuse', 'qemu-system-x86_64'])
      assert.ok((cycle.verdict?.liedFlushes ?? 0) > 0)
    })
  })

  it('loses nothing under writethrough when the host loses its power', async (t) => {
    if (skippedWithout(t, 'qemu', 'host-power')) return
    await inPlace(async (place) => {
      const { status, cycle, problems } = await cycleOf(place, ['--cache', 'writethrough', '--cut', 'host-power'])
      assert.equal(status, 0, problems)
      assert.deepEqual([cycle.told?.writeCache, cycle.verdict?.contract], ['write through', 'write-through'])
      assert.equal(cycle.verdict?.exposure.lostWrites, 0)
      assert.ok((cycle.verdict?.checked.stableWrites ?? 0) > 0)
    })
  })

  it('judges inside the guest as on the host', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const keep = join(place.path, 'kept')
      // Judged as write-through, the tear of what was not flushed is a violation, and its image is kept.
      const judging = ['--contract', 'write-through'] as const
      const { status, cycle, problems } = await cycleOf(place, [
        ...words('--image qcow2-overlay-extl2 --verify-in guest --script'),
        'w 8+16; flush; w 0+16',
        '--keep',
        keep,
        ...judging,
      ])
      assert.equal(status, 10, problems)
      const folder = cycle.keptIn ?? ''
      const here = await place.run([
        'verify',
        '--target',
        join(folder, 'disk.qcow2'),
        '--log',
        join(folder, 'run.log'),
        ...judging,
        '--json',
      ])
      assert.equal(here.status, 10, here.stderr)
      const onHost: Verdict = JSON.parse(here.stdout)
      const inGuest = cycle.verdict
      assert.ok(onHost.findings.length > 0)
      assert.deepEqual(inGuest, onHost)
      rmSync(keep, { recursive: true })
    })
  })

  it('says how a guest was crashed, and that QEMU kept what it had accepted', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const { status, cycle, problems } = await cycleOf(place, ['--bus', 'nvme', '--cut', 'guest-crash'])
      assert.equal(status, 0, problems)
      assert.deepEqual([cycle.cut?.signal, cycle.cut?.died, cycle.told?.driver], [undefined, true, 'nvme'])
      assert.match(cycle.cut?.note ?? '', /SysRq\+B/)
      assert.equal(cycle.verdict?.exposure.lostWrites, 0)
    })
  })

  it('judges a file in a file system of the guest inside it', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const { status, cycle, problems } = await cycleOf(place, ['--guest-filesystem', 'ext4', '--size', '4M'])
      assert.equal(status, 0, problems)
      assert.deepEqual([cycle.told?.kind, cycle.verdict?.contract], ['file', 'volatile'])
      assert.ok((cycle.verdict?.checked.stableWrites ?? 0) > 0)
    })
  })
})

describe('a guest in trouble', () => {
  it('whose agent gives up is inconclusive with what its console said, and the next cycle goes on', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [...QEMU, '--region', '0..32M', '--cycles', '2'])
      assert.equal(status, 11)
      assert.equal(result.cycles.length, 2)
      for (const { word, problem } of result.cycles) {
        assert.equal(word, 'inconclusive')
        assert.match(problem ?? '', /qemu-system-x86_64 ended \(status 0\): its console said last: .*TARGET_TOO_SMALL/)
      }
    })
  })

  it('whose agent never reports is inconclusive after the limit', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [...QEMU, '--boot-limit', '1s', '--cycles', '2'])
      assert.equal(status, 11)
      assert.equal(result.cycles.length, 2)
      for (const { problem } of result.cycles)
        assert.match(problem ?? '', /did not get on for 1 s; it has told nothing yet; its console said/)
    })
  })

  it('is swept away by the next command where the loop was killed', async (t) => {
    if (skippedWithout(t, 'qemu')) return
    await inPlace(async (place) => {
      const child = place.start(['loop', ...QEMU])
      const qemu = (): string | undefined => processesNaming(place.path).find((line) => line.includes(' -nodefaults '))
      for (const until = Date.now() + LIMIT_MS; qemu() === undefined; await sleepMs(20))
        assert.ok(Date.now() < until, 'QEMU runs')
      child.kill('SIGKILL')
      await ended(child)
      assert.ok(qemu() !== undefined, 'QEMU outlives a killed loop')
      assert.equal((await place.run(['loop', '--rig', 'sim'])).status, 0)
      assert.ok(!existsSync(place.path) || readdirSync(place.path).length === 0)
    })
  })
})
