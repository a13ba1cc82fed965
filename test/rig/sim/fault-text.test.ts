import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { FAULT_KINDS, FAULTS, type FaultSpec } from '../../../src/rig/sim/fault.ts'
import { parseFault } from '../../../src/rig/sim/fault-text.ts'

const times = Number.POSITIVE_INFINITY

describe('a fault on the command line', () => {
  const read: readonly (readonly [string, FaultSpec])[] = [
    ['flip-bit', { kind: 'flip-bit' }],
    ['drop-flush:0.1', { kind: 'drop-flush', rate: 0.1, times }],
    ['drop-flush:1', { kind: 'drop-flush', rate: 1, times }],
    ['drop-flush@f3', { kind: 'drop-flush', at: 3 }],
    ['misdirect@w17', { kind: 'misdirect', at: 17 }],
    ['misdirect@4096+8:.5', { kind: 'misdirect', where: { lba: 4096, sectors: 8 }, rate: 0.5, times }],
    ['flip-bit@0+1', { kind: 'flip-bit', where: { lba: 0, sectors: 1 } }],
    ['lose-epoch@f2', { kind: 'lose-epoch', at: 2 }],
    ['drop-every-kth-flush', { kind: 'drop-every-kth-flush' }],
    ['drop-every-kth-flush:k=4', { kind: 'drop-every-kth-flush', every: 4 }],
    ['drop-every-kth-flush@f2:k=4:0.5', { kind: 'drop-every-kth-flush', at: 2, every: 4, rate: 0.5, times }],
  ]
  for (const [text, fault] of read) it(`reads ${text}`, () => assert.deepEqual(parseFault(text), fault))

  const refused: readonly (readonly [string, RegExp])[] = [
    ['rust', /takes NAME\[@PLACE\]\[:RATE\].*NAME is one of ignore-fua/],
    ['', /NAME is one of/],
    ['drop-flush@f1@f2', /NAME is one of/],
    ['drop-flush@w1', /for drop-flush a place @fN \(a flush\)$/],
    ['drop-flush@', /for drop-flush a place @fN/],
    ['misdirect@f1', /for misdirect a place @wN \(a write\) or @LBA\+SECTORS$/],
    ['flip-bit@w0', /for flip-bit a place @LBA\+SECTORS$/],
    ['flip-bit@8+0', /for flip-bit a place/],
    ['drop-flush:0.1:0.2', /for drop-flush one rate, not two$/],
    ['drop-every-kth-flush:k=2:k=3', /for drop-every-kth-flush one k=N, not two$/],
    ['flip-bit:0', /for flip-bit a rate above 0 and up to 1, at each cut$/],
    ['flip-bit:2', /a rate above 0 and up to 1/],
    ['flip-bit:', /a rate above 0 and up to 1/],
    ['drop-flush:k=2', /for drop-flush a rate above 0 and up to 1, at each flush$/],
    ['drop-every-kth-flush:k=0', /at each flush, and k=N: every so many-th flush$/],
  ]
  for (const [text, message] of refused)
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseFault(text),
        (error) => error instanceof ProbeError && error.code === 'BAD_OPTION' && message.test(error.message),
      )
    })

  it('takes for each kind the places that it has, and no others', () => {
    const texts = { write: 'w1', flush: 'f1', sectors: '8+8' }
    for (const kind of FAULT_KINDS) {
      for (const place of ['write', 'flush', 'sectors'] as const) {
        const ask = (): FaultSpec => parseFault(`${kind}@${texts[place]}`)
        if (FAULTS[kind].places.includes(place)) assert.equal(ask().kind, kind)
        else assert.throws(ask, ProbeError)
      }
    }
  })
})
