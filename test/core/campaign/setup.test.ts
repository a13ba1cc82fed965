/** What runs bring along as labels is counted within limits, whatever one of them brings. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countSetups, setupOf } from '../../../src/core/campaign/setup.ts'
import { sampleManifest } from '../../collector/helpers.ts'

test('a run with very many labels hides nothing of what is known', () => {
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`junk ${n}`, 'x']))
  const junk = setupOf(sampleManifest('0000000000000001', 'c', labels))
  const setup = countSetups([junk, setupOf(sampleManifest('0000000000000002', 'c', { fault: 'drop-flush' }))])
  assert.equal(Object.keys(setup).filter((facet) => facet.startsWith('junk')).length, 64)
  assert.deepEqual([setup['fault'], setup['workload']], [{ 'drop-flush': 1 }, { random: 2 }])
})

test('a long value is cut, and two of one beginning stay two', () => {
  const script = 'w 0+8\n'.repeat(1000)
  const [values = {}] = Object.values(countSetups([{ script }, { script: `${script}f` }, { script }, { script: 'f' }]))
  assert.deepEqual(Object.values(values), [2, 1, 1])
  for (const value of Object.keys(values)) assert(value.length <= 200, `${value.length}`)
  assert.match(Object.keys(values)[0] ?? '', /^w 0\+8\n.*… \(6000 characters, [0-9a-f]{8}\)$/s)
})
