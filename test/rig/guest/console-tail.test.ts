import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lastLinesOf } from '../../../src/rig/guest/console-tail.ts'

describe('the last lines of a console', () => {
  it('are a few, without empty ones and control characters', () => {
    assert.equal(lastLinesOf('1\n2\n3\r\n\n\u001B[2J4\n \u00075\n6\n7\n'), '2 | 3 | 4 | 5 | 6 | 7')
    assert.equal(lastLinesOf(''), '')
  })

  it('show of a line that was written over what it said last', () => {
    assert.equal(lastLinesOf('\r\u001B[K3 %\r\u001B[K97 %\r\u001B[K\nended\n'), '97 % | ended')
  })

  it('name a panic that its stack trace has pushed out', () => {
    const trace = Array.from({ length: 9 }, (_, at) => `frame ${at}`).join('\n')
    assert.match(lastLinesOf(`Kernel panic - not syncing: no init\n${trace}`), /^Kernel panic.* \| … \| frame 3 \|/)
  })
})
