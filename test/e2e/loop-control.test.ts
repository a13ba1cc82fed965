/** The loop's own promises: its liar must be caught, bad input ends it, trouble does not, and nothing is ever left behind. */
import assert from 'node:assert/strict'
import { type ChildProcess } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { spawnCollector } from '../collector/helpers.ts'
import { scratchFolder, until as untilAsync } from '../support/plugpull-process.ts'
import { sleepMs } from '../../src/io/clock.ts'
import { mountsUnder } from '../../src/io/mounts.ts'
import type { CampaignResult } from '../../src/rig/campaign.ts'
import {
  CYCLES,
  assertNothingLeft,
  ended,
  inPlace,
  loop,
  processesNaming,
  skippedWithout,
  withoutRun,
} from './loop-run.ts'
import { assertErrorDocument } from '../support/error-document.ts'

const LIMIT_MS = 120_000

async function until<T>(look: () => T | undefined, what: string): Promise<T> {
  const end = Date.now() + LIMIT_MS
  for (;;) {
    const seen = look()
    if (seen !== undefined) return seen
    assert.ok(Date.now() < end, `${what} within ${LIMIT_MS} ms`)
    await sleepMs(10)
  }
}

/** The agent of a loop that runs in that place, by its command line. */
const agentOf = (path: string): number | undefined => {
  const line = processesNaming(path).find((text) => text.includes(' agent --target '))
  return line === undefined ? undefined : Number(line.split(' ')[0])
}

const watchCycles = (child: ChildProcess): (() => number) => {
  let lines = 0
  child.stderr?.on('data', (text: Buffer) => (lines += text.toString().match(/^ *\d+\/\d/gm)?.length ?? 0))
  return () => lines
}

describe('the positive control', () => {
  it('is a disk that drops flushes for sim, and is caught', () =>
    inPlace(async (place) => {
      const { status, result } = await loop(place, [
        '--rig',
        'sim',
        '--cycles',
        CYCLES,
        '--positive-control',
        '--seed',
        '11',
      ])
      assert.equal(status, 0)
      assert.equal(result.positiveControl?.caught, true)
      assert.equal(result.positiveControl?.fault, 'drop-flush')
      assert.equal(result.summary.held, Number(CYCLES))
    }))

  it('is cache=unsafe under host power for real images, and is caught', async (t) => {
    if (skippedWithout(t, 'storage-daemon', 'host-power')) return
    await inPlace(async (place) => {
      const { status, result } = await loop(place, [
        '--rig',
        'storage-daemon',
        '--image',
        'raw',
        '--size',
        '16M',
        '--positive-control',
      ])
      assert.equal(status, 0)
      assert.deepEqual(
        [result.positiveControl?.rig, result.positiveControl?.cache, result.positiveControl?.caught],
        ['host-power', 'unsafe', true],
      )
    })
  })

  it('makes the campaign inconclusive where it is not caught', () =>
    inPlace(async (place) => {
      // Nothing is ever flushed or FUA, so a disk that drops flushes tells no lie.
      const { status, result } = await loop(place, [
        '--rig',
        'sim',
        '--cache',
        'writethrough',
        '--flush-never',
        '--positive-control',
      ])
      assert.equal(status, 11)
      assert.equal(result.positiveControl?.caught, false)
      assert.ok(result.inconclusiveBecause.some((reason) => reason.includes('positive control was not caught')))
    }))
})

describe('a loop', () => {
  it('replays a simulated cycle from its seed', () =>
    inPlace(async (place) => {
      const first = await loop(place, ['--rig', 'sim', '--cycles', '3', '--seed', '5', '--queue-depth', '4'])
      const seed = first.result.cycles[2]?.seed ?? ''
      const again = await loop(place, ['--rig', 'sim', '--cycles', '1', '--seed', seed, '--queue-depth', '4'])
      const [then, now] = [first.result.cycles[2]?.verdict, again.result.cycles[0]?.verdict]
      assert.deepEqual(withoutRun(now), withoutRun(then))
    }))

  const refused: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a rig that there is not', ['--rig', 'drill'], 64, /^plugpull: BAD_OPTION: --rig got "drill"; it takes/],
    ['an option that there is not', ['--rigg', 'sim'], 64, /^plugpull: BAD_OPTION: .*--rigg/],
    ['a script that does not parse', ['--rig', 'sim', '--script', 'w eight'], 64, /^plugpull: BAD_SCRIPT: /m],
    [
      'a script outside the disk',
      ['--rig', 'sim', '--script', 'w 99999999+8'],
      64,
      /^plugpull: BAD_SCRIPT: .*outside the region/m,
    ],
    [
      'a region beyond the disk',
      ['--rig', 'sim', '--size', '1M', '--region', '0..2M'],
      77,
      /^plugpull: TARGET_TOO_SMALL: /m,
    ],
    [
      'a collector that is not there',
      ['--rig', 'sim', '--collector', 'http://127.0.0.1:9'],
      69,
      /^plugpull: COLLECTOR_UNREACHABLE: /m,
    ],
  ]
  for (const [what, args, status, message] of refused) {
    it(`ends at once over ${what}`, () =>
      inPlace(async (place) => {
        const outcome = await place.run(['loop', '--cycles', '5', ...args])
        assert.equal(outcome.status, status, outcome.stderr)
        assert.match(outcome.stderr, message)
        assert.doesNotMatch(outcome.stderr, /\n +at /, 'no stack')
        assert.equal(outcome.stdout, '')
      }))
  }

  it("ends at once over what the agent refuses, in the agent's words", async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const outcome = await place.run(['loop', '--cycles', '5', '--size', '1M', '--region', '0..2M'])
      assert.equal(outcome.status, 77, outcome.stderr)
      assert.match(outcome.stderr, /^plugpull: TARGET_TOO_SMALL: the agent: --region ends at byte 2097152/m)
    })
  })

  it('goes on over a cycle whose agent dies, and calls it inconclusive', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const child = place.start(['loop', '--json', '--cycles', '2', '--size', '1M', '--cut-after', '2s'])
      const outcome = ended(child)
      const agent = await until(() => agentOf(place.path), 'an agent runs')
      process.kill(agent, 'SIGKILL')
      const { status, stdout } = await outcome
      assert.equal(status, 11)
      const { cycles, inconclusiveBecause }: CampaignResult = JSON.parse(stdout)
      assert.deepEqual(
        cycles.map(({ word }) => word),
        ['inconclusive', 'held'],
      )
      assert.match(cycles[0]?.problem ?? '', /the agent ended \(SIGKILL\)/)
      assert.deepEqual(inconclusiveBecause, ['1 of 2 cycles are inconclusive'])
    })
  })

  for (const rig of ['storage-daemon', 'host-power']) {
    it(`leaves nothing behind after Ctrl-C (${rig})`, async (t) => {
      if (skippedWithout(t, rig)) return
      await inPlace(async (place) => {
        const child = place.start(['loop', '--json', '--rig', rig, '--cycles', '1000', '--size', '1M'])
        const cycles = watchCycles(child)
        const outcome = ended(child)
        await until(
          () => (cycles() > 0 && agentOf(place.path) !== undefined ? true : undefined),
          'the second cycle runs',
        )
        assert.ok(mountsUnder(place.path).length > 0)
        child.kill('SIGINT')
        const { status, stderr, stdout } = await outcome
        assert.equal(status, 130)
        assertErrorDocument(stdout, /^INTERRUPTED$/)
        assert.match(stderr, /plugpull: INTERRUPTED: stopped by SIGINT\n$/)
        assert.match(stderr, /stopped after [1-9]\d* of 1,?000 cycles: /)
        assertNothingLeft(place.path)
      })
    })
  }

  it('tells a collector of somebody else that the run under way has ended with Ctrl-C', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    const { url } = await spawnCollector(t, `sqlite:${join(scratchFolder(t), 'store.db')}`)
    const underWay = async (): Promise<number> => {
      const live: { readonly agents: readonly unknown[] } = JSON.parse(await (await fetch(`${url}/v1/live`)).text())
      return live.agents.length
    }
    await inPlace(async (place) => {
      const child = place.start(['loop', '--collector', url, '--size', '1M', '--cut-after', '60s'])
      const outcome = ended(child)
      await untilAsync('an agent writes', async () => ((await underWay()) > 0 ? true : undefined))
      child.kill('SIGINT')
      assert.equal((await outcome).status, 130)
      assert.equal(await underWay(), 0)
    })
  })

  it('clears away what a killed loop left, at the next start', async (t) => {
    if (skippedWithout(t, 'storage-daemon')) return
    await inPlace(async (place) => {
      const child = place.start(['loop', '--cycles', '1000', '--size', '1M'])
      const outcome = ended(child)
      await until(() => agentOf(place.path), 'an agent runs')
      child.kill('SIGKILL')
      await outcome
      assert.ok(processesNaming(place.path).length > 0, 'a kill leaves processes')
      const { status } = await loop(place, ['--rig', 'sim'])
      assert.equal(status, 0)
    })
  })

  it('keeps the campaign in the store that was asked for', () =>
    inPlace(async (place) => {
      const store = join(place.path, 'lab.db')
      const { status } = await loop(place, [
        '--rig',
        'sim',
        '--cycles',
        '2',
        '--campaign',
        'mine',
        '--store',
        `sqlite:${store}`,
      ])
      assert.equal(status, 0)
      const report = await place.run(['report', '--campaign', 'mine', '--store', `sqlite:${store}`, '--format', 'json'])
      assert.equal(report.status, 0, report.stderr)
      assert.match(report.stdout, /"held":\s*2/)
      for (const name of readdirSync(place.path).filter((file) => file.startsWith('lab.db')))
        rmSync(join(place.path, name))
    }))

  it('names rigs, images, an example and exit statuses in its help', () =>
    inPlace(async (place) => {
      const { status, stdout } = await place.run(['loop', '--help'])
      assert.equal(status, 0)
      for (const text of ['qcow2-overlay-extl2', 'host-power', 'plugpull loop --rig', '  10  ', '  11  '])
        assert.ok(stdout.includes(text), text)
    }))
})
