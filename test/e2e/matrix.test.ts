/** A real matrix, small: interrupted, killed in the middle, gone on with, and nothing left behind. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sleepMs } from '../../src/io/clock.ts'
import { recoverScratch } from '../../src/io/scratch.ts'
import { type CycleRecord, parseRecords } from '../../src/rig/matrix/record.ts'
import type { MatrixResult } from '../../src/rig/matrix/result.ts'
import { stateFile } from '../../src/rig/matrix/state.ts'
import { type Place, assertNothingLeft, ended, inPlace, skippedWithout } from './loop-run.ts'

const LIMIT_MS = 120_000
const SMALL = ['--rig', 'storage-daemon', '--image', 'qcow2', '--cache', 'none,unsafe', '--cut', 'sigkill']

/** Runs `work` with a folder for the matrix beside the place, so that the place must be empty in the end. */
const withOutput = (work: (place: Place, output: string) => Promise<void>): Promise<void> =>
  inPlace(async (place) => {
    const output = `${place.path}-matrix`
    try {
      await work(place, output)
    } finally {
      rmSync(output, { recursive: true, force: true })
    }
  })

function cyclesIn(output: string): readonly CycleRecord[] {
  const path = stateFile(output)
  return parseRecords(readFileSync(path, 'utf8'), path).filter((record) => record.kind === 'cycle')
}

/** Waits until so many cycles are kept. */
async function untilKept(output: string, count: number, child: ChildProcess): Promise<void> {
  const end = Date.now() + LIMIT_MS
  const kept = (): number => {
    try {
      return cyclesIn(output).length
    } catch {
      // Not begun yet.
      return 0
    }
  }
  while (kept() < count) {
    assert.equal(child.exitCode, null, 'the matrix goes on')
    assert.ok(Date.now() < end, `${count} cycles within ${LIMIT_MS} ms`)
    await sleepMs(20)
  }
}

const resultOf = (stdout: string): MatrixResult => {
  const result: MatrixResult = JSON.parse(stdout)
  return result
}

describe('a matrix', () => {
  it('goes on after Ctrl-C and after SIGKILL, without a cycle lost or run twice', async (t) => {
    if (skippedWithout(t, 'storage-daemon', 'host-power')) return
    await withOutput(async (place, output) => {
      const first = place.start(['matrix', ...SMALL, '--cycles', '3', '--seed', '7', '--output', output])
      const stopped = ended(first)
      await untilKept(output, 1, first)
      first.kill('SIGINT')
      const interrupt = await stopped
      assert.equal(interrupt.status, 130, interrupt.stderr)
      assert.match(
        interrupt.stderr,
        /INTERRUPTED: stopped by SIGINT; \d of 6 cycles are kept in .*, go on with: plugpull matrix --output /,
      )
      assertNothingLeft(place.path)

      const second = place.start(['matrix', '--output', output])
      const killed = ended(second)
      await untilKept(output, cyclesIn(output).length + 1, second)
      second.kill('SIGKILL')
      await killed
      const kept = cyclesIn(output)
      recoverScratch(place.path)

      const other = await place.run(['matrix', '--output', output, '--write-size', '512'])
      assert.equal(other.status, 64)
      assert.match(other.stderr, /--write-size got "512", but .* was begun with --write-size 4k-16k/)

      const last = await place.run(['matrix', '--output', output, '--json', '--jobs', '2'])
      assert.equal(last.status, 0, last.stderr)
      const all = cyclesIn(output)
      assert.deepEqual(all.slice(0, kept.length), kept, 'what was kept is not run again')
      assert.deepEqual(all.map(({ cell, cycle }) => `${cell} ${cycle.cycle}`).toSorted(), [
        ...[1, 2, 3].map((number) => `storage-daemon/qcow2/none/sigkill ${number}`),
        ...[1, 2, 3].map((number) => `storage-daemon/qcow2/unsafe/sigkill ${number}`),
      ])
      const { verdict, cells, controls } = resultOf(last.stdout)
      assert.equal(verdict, 'held')
      assert.deepEqual(
        controls.map(({ control, caught }) => [control, caught]),
        [['host-power/qcow2/unsafe/host-power', true]],
      )
      assert.deepEqual(
        cells.map(({ summary }) => [summary.cycles, summary.verified]),
        [
          [3, 3],
          [3, 3],
        ],
      )
    })
  })

  it('keeps a second one away from its folder, and adds cycles when asked for more', async () => {
    await withOutput(async (place, output) => {
      const SIM = ['matrix', '--rig', 'sim', '--cache', 'none', '--size', '1M', '--output', output]
      const first = place.start([...SIM, '--cycles', '500'])
      const stopped = ended(first)
      await untilKept(output, 2, first)
      const second = await place.run(['matrix', '--output', output])
      assert.equal(second.status, 74, second.stderr)
      assert.match(second.stderr, /another plugpull matrix works on /)
      first.kill('SIGTERM')
      assert.equal((await stopped).status, 130)

      const more = cyclesIn(output).length + 1
      const last = await place.run([...SIM, '--cycles', String(more), '--json'])
      assert.equal(last.status, 0, last.stderr)
      assert.equal(resultOf(last.stdout).cyclesDone, more)
      const page = join(output, 'RESULTS.md')
      const shown = await place.run(['matrix', '--show', output, '--format', 'markdown', '--report', page])
      assert.equal(shown.status, 0, shown.stderr)
      assert.equal(readFileSync(page, 'utf8'), shown.stdout)
      assert.match(shown.stdout, /^# Measured results\n/)
    })
  })
})
