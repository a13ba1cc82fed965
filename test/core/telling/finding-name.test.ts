import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { findingNamed } from '../../../src/core/telling/finding-name.ts'
import { judgeTold } from '../../support/history-language.ts'

describe('the name of a finding', () => {
  const { findings } = judgeTold('w1@0+1 F w2@1+1 w3@2+1 CUT 1.3g')
  const numberOf = (name: string): readonly number[] => {
    const { number, also } = findingNamed(findings, name)
    return [number, ...also]
  }
  test('is its number, its write, its place, or one of these with its kind', () => {
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['collateral', 'lost', 'reordered'],
    )
    assert.deepEqual(numberOf('2'), [2])
    assert.deepEqual(numberOf('w2'), [2, 3])
    assert.deepEqual(numberOf('reordered:w2'), [3])
    assert.deepEqual(numberOf('lba:3'), [1])
    assert.deepEqual(numberOf('collateral:lba:3'), [1])
    assert.deepEqual(numberOf('lost:lba:1'), [2])
  })
  test('is refused where it names nothing, or is no name', () => {
    for (const [name, message] of [
      ['9', /no finding is "9": the verdict lists 3/],
      ['w9', /no finding is "w9"/],
      ['lost:w1', /no finding/],
      ['gone:w1', /FINDING got "gone:w1"; it takes a number/],
      ['w', /FINDING got/],
      ['', /FINDING got/],
    ] as const) {
      assert.throws(
        () => findingNamed(findings, name),
        (error) => error instanceof ProbeError && error.code === 'BAD_OPTION' && message.test(error.message),
        name,
      )
    }
    assert.throws(
      () => findingNamed(findings, 'w9', 7),
      /may be among the 7 .* not listed: plugpull verify --findings-max/,
    )
    assert.throws(
      () => findingNamed(findings, 'w9'),
      (error) => error instanceof Error && !error.message.includes('may be'),
    )
    assert.throws(() => findingNamed([], '1'), /the verdict lists none/)
  })
})
