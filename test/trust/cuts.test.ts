/** `npm run trust -- cuts`: what it counts, what it keeps, and how the page tells of it. */
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createScratch } from '../../src/io/scratch.ts'
import { type BlockResult, runBlock } from '../../trust/cuts/block.ts'
import { checkCutsData, cutsData, type DoneBlock } from '../../trust/cuts/data.ts'
import { cutsSection } from '../../trust/cuts/section.ts'
import { CutsState } from '../../trust/cuts/state.ts'
import { honestCut, HONEST_FAMILY, seedOf } from '../support/simulated/honest.ts'

const BLOCK = { family: HONEST_FAMILY, from: 40, cuts: 8 } as const

const RESULT: BlockResult = {
  ms: 2000,
  corners: { 'mode volatile': 600, 'mode ordered': 400, atomic: 7 },
  weaker: 250,
  writes: 4000,
  stableSectors: 5000,
  problems: [],
}
const block = (from: number, result: Partial<BlockResult> = {}): DoneBlock => ({
  block: { family: HONEST_FAMILY, from, cuts: 1000 },
  result: { ...RESULT, ...result },
})
const PROBLEM = { kind: 'false-accusation', text: 'an honest disk convicted', seed: '5eed000000000007' } as const

describe('a block of honest cuts', () => {
  it('counts what each of its seeds gives alone', () => {
    const result = runBlock(BLOCK)
    const alone = Array.from({ length: 8 }, (_, i) => honestCut(seedOf(HONEST_FAMILY, 40 + i), i % 4 === 0))
    assert.equal(result.weaker, 2)
    assert.equal(
      result.writes,
      alone.reduce((sum, { verdict }) => sum + verdict.checked.issuedWrites, 0),
    )
    assert.equal(
      Object.entries(result.corners).reduce((sum, [name, n]) => sum + (name.startsWith('mode ') ? n : 0), 0),
      8,
    )
    assert.deepEqual(result.problems, [])
  })
})

describe('the data of the cuts', () => {
  it('adds the blocks up', () => {
    const data = cutsData('5eed0000', [block(0), block(1000, { ms: 8000 })])
    assert.equal(data.cuts, 2000)
    assert.equal(data.cutsPerSecond, 500)
    assert.equal(data.corners['mode volatile'], 1200)
    assert.deepEqual([data.falseAccusations, data.disagreements, data.simulatorFaults], [0, 0, 0])
  })

  it('counts a cut once for each way in which it went wrong, and keeps how it is had again', () => {
    const other = { kind: 'disagreement', text: 'lost w1', seed: PROBLEM.seed } as const
    const data = cutsData('5eed0000', [block(0, { problems: [PROBLEM, PROBLEM, other] })])
    assert.deepEqual([data.falseAccusations, data.disagreements], [1, 1])
    assert.match(data.problems[0]?.replay ?? '', /^PLUGPULL_SIM_SEED=5eed000000000007 node --test /)
  })

  it('is told from anything else', () => {
    assert.throws(() => checkCutsData({ schema: 'plugpull.verdict/1' }), /plugpull.trust.cuts/)
  })
})

describe('the section of the cuts', () => {
  it('says the figures, the command and the bound', () => {
    const text = cutsSection(cutsData('5eed0000', [block(0), block(1000)]))
    assert.match(text, /^## Simulated cuts of honest disks\n/)
    assert.match(text, /npm run trust -- cuts --cuts 2000 --seed 0x5eed0000/)
    assert.match(text, /\*\*2,000 honest cuts, not one convicted.*above 3 in 2,000 is excluded at 95 %/s)
    assert.match(text, /\| mode +\| ordered 800, volatile 1,200/)
    assert.match(text, /\| others +\| atomic 14/)
  })

  it('praises nothing where something went wrong, and shows how it is had again', () => {
    const text = cutsSection(cutsData('5eed0000', [block(0, { problems: [PROBLEM] })]))
    assert.doesNotMatch(text, /not one convicted/)
    assert.match(text, /\*\*Of 1,000 honest cuts some went wrong/)
    assert.match(text, /\| false accusations +\| 1 +\| 1 of 1000: 0\.1 %/)
    assert.match(text, /false-accusation, seed 5eed000000000007: `PLUGPULL_SIM_SEED=5eed000000000007/)
    const unsound = cutsSection(cutsData('5eed0000', [block(0, { problems: [{ ...PROBLEM, kind: 'simulator' }] })]))
    assert.doesNotMatch(unsound, /not one convicted/)
  })
})

describe('the state of a run that was stopped', () => {
  it('gives back what this build did for that seed, and nothing else', () => {
    const scratch = createScratch('test-cuts')
    try {
      const file = scratch.file('state')
      const state = new CutsState(file)
      assert.deepEqual(state.done(HONEST_FAMILY), [])
      state.keep(block(0))
      state.keep({ ...block(1000), block: { family: 1, from: 0, cuts: 1000 } })
      const [line = ''] = readFileSync(file, 'utf8').split('\n')
      appendFileSync(file, `${line.replace(/"build":"\w+"/, '"build":"another"')}\n`)
      assert.deepEqual(new CutsState(file).done(HONEST_FAMILY), [block(0)])
      appendFileSync(file, 'not of this command\n')
      assert.throws(() => new CutsState(file).done(HONEST_FAMILY), { code: 'BAD_OPTION' })
    } finally {
      scratch.remove()
    }
  })
})
