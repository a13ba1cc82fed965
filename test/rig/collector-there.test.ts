/** A collector that does not answer once is not gone; one that never does is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProbeError } from '../../src/core/errors.ts'
import type { Health } from '../../src/io/collector-client.ts'
import { requireCollector } from '../../src/rig/collector-there.ts'

const HEALTHY: Health = { status: 'ok', version: '1', store: 'x' }
const never = new AbortController().signal

/** Fails so often, then is there. */
function collector(failures: number, code: 'COLLECTOR_UNREACHABLE' | 'COLLECTOR_UNTRUSTED' = 'COLLECTOR_UNREACHABLE') {
  let asked = 0
  return {
    asked: () => asked,
    health: async () => {
      if (++asked <= failures) throw new ProbeError(code, 'no answer')
      return HEALTHY
    },
  }
}

test('it is asked again before it counts as gone', async () => {
  const shaky = collector(2)
  await requireCollector(shaky, never, [0, 0])
  assert.equal(shaky.asked(), 3)
  const gone = collector(9)
  await assert.rejects(requireCollector(gone, never, [0, 0]), { code: 'COLLECTOR_UNREACHABLE' })
  assert.equal(gone.asked(), 3)
})

test('what does not pass by itself is told at once, and who is interrupted does not wait', async () => {
  const other = collector(9, 'COLLECTOR_UNTRUSTED')
  await assert.rejects(requireCollector(other, never, [0, 0]), { code: 'COLLECTOR_UNTRUSTED' })
  assert.equal(other.asked(), 1)
  const stopping = new AbortController()
  const gone = collector(9)
  const asking = requireCollector(gone, stopping.signal, [3_600_000])
  stopping.abort()
  await asking
  assert.equal(gone.asked(), 1)
})
