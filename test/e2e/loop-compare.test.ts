/** Two campaigns in one store, as a user runs them: what each supports, and which is worse. Simulated disks: no machine is needed. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inPlace, loop } from './loop-run.ts'

const CYCLES = 8
const COMMON = [
  '--rig',
  'sim',
  '--cycles',
  String(CYCLES),
  '--size',
  '2M',
  '--write-size',
  '4k-16k',
  '--cut-after',
  '40ms-80ms',
]
const BUSY = ['--queue-depth', '4', '--flush-every', '32', '--seed', '00000000000000c0']

describe('two campaigns compared', () => {
  it('an honest disk and one that ignores flushes', () =>
    inPlace(async (place) => {
      const store = `sqlite:${join(place.path, 'two.db')}`
      const campaign = (name: string, cache: string): ReturnType<typeof loop> =>
        loop(place, [...COMMON, ...BUSY, '--store', store, '--campaign', name, '--cache', cache])
      const honest = await campaign('honest', 'none')
      assert.equal(honest.status, 0)
      const { summary, evidence } = honest.result
      assert.ok(summary.measures !== undefined)
      assert.equal(summary.measures.runs, CYCLES)
      assert.ok(summary.measures.checked.stableSectors > 0 && summary.measures.atRisk.completeWrites > 0)
      const lost = Object.values(summary.measures.lostAgesMs.classes).reduce((sum, count) => sum + count, 0)
      assert.equal(lost, summary.exposure.lostWrites)
      assert.ok(evidence.advice.some(({ code }) => code === 'few-cuts'))
      assert.ok(!evidence.advice.some(({ code }) => code === 'one-at-a-time'))

      const liar = await campaign('liar', 'unsafe')
      assert.equal(liar.status, 10)

      const { status, stdout } = await place.run(['compare', 'liar', 'honest', '--store', store, '--json'])
      assert.equal(status, 0)
      const comparison = JSON.parse(stdout)
      assert.equal(comparison.schema, 'plugpull.compare/1')
      assert.match(
        comparison.sentence,
        /^liar breaks its contract more often than honest: 8 of 8 cuts against 0 of 8; /,
      )
      assert.match(comparison.setup, /^They differ in cache \(unsafe against none\) alone/)
      assert.deepEqual(comparison.b.summary.measures, summary.measures)

      const text = await place.run(['compare', 'honest', 'honest', '--store', store])
      assert.equal(text.status, 64)
      assert.match(text.stderr, /BAD_OPTION: compare got "honest" twice/)
      const report = await place.run(['report', '--campaign', 'honest', '--store', store])
      for (const { text: sentence } of evidence.sentences) assert.ok(report.stdout.includes(sentence), sentence)
      for (const { sentence } of evidence.advice) assert.ok(report.stdout.includes(sentence), sentence)
      for (const end of ['', '-wal', '-shm']) rmSync(join(place.path, `two.db${end}`), { force: true })
    }))
})
