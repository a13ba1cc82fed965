import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { score } from '../../../bench/peers/score.ts'
import type { Accusation, Report } from '../../../bench/peers/tool.ts'

const accusation = (text: string, sector: number, sectors = 1, namesWrite = false): Accusation => ({
  text,
  offset: sector * 512,
  bytes: sectors * 512,
  namesWrite,
})

const report = (...accusations: readonly Accusation[]): Report => ({
  word: accusations.length > 0 ? 'faulty' : 'sound',
  accusations,
  ms: 1.4,
})

describe('the score of a report', () => {
  it('a fault that is named, at its very place, with its write', () => {
    const result = score(report(accusation('corrupt', 9, 1, true)), [9], /corrupt/)
    assert.deepEqual(result, {
      word: 'faulty',
      detected: true,
      says: { corrupt: 1 },
      named: true,
      changed: 1,
      found: 1,
      accused: 1,
      namesWrite: true,
      stray: 0,
      ms: 1,
    })
  })

  it('a wider place is found, and accuses more', () => {
    const { found, accused, named } = score(report(accusation('Error at page', 0, 32)), [9, 10], /torn/)
    assert.deepEqual([found, accused, named], [2, 32, false])
  })

  it('what the undamaged twin is charged with as well detects nothing', () => {
    const known = accusation('bad magic header 0', 8, 8)
    const result = score(report(known), [9], /magic/, [known])
    assert.deepEqual([result.detected, result.named, result.stray], [false, false, 0])
  })

  it('but another message at the same place does', () => {
    const result = score(report(accusation('crc32c', 8, 8)), [9], /crc32c/, [accusation('bad magic header 0', 8, 8)])
    assert.deepEqual([result.detected, result.says], [true, { crc32c: 1 }])
  })

  it('an accusation elsewhere is stray, and no detection', () => {
    const result = score(report(accusation('lost', 100)), [9], /lost/)
    assert.deepEqual([result.detected, result.stray], [false, 1])
  })

  it('no result is no detection', () => {
    const result = score({ word: 'cannot tell', accusations: [], said: 'no state', ms: 0 }, [9], /lost/)
    assert.deepEqual([result.word, result.detected, result.said], ['cannot tell', false, 'no state'])
  })
})
