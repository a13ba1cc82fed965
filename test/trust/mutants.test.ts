/** The list of mutants fits the code: each rule stands in one place of one file. That they die is `npm run trust -- mutants`. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { mutated } from '../../trust/mutants/apply.ts'
import { MUTANTS } from '../../trust/mutants/mutants.ts'

const dist = join(import.meta.dirname, '..', '..')

describe('mutants', () => {
  test('there are enough, and no rule is named twice', () => {
    assert.ok(MUTANTS.length >= 30)
    assert.equal(new Set(MUTANTS.map(({ rule }) => rule)).size, MUTANTS.length)
  })
  for (const mutant of MUTANTS)
    test(mutant.rule, () => {
      const { text } = mutated(dist, mutant)
      assert.ok(text.includes(mutant.to))
    })
})
