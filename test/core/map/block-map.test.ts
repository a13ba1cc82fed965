/** The map of a run: each state from a line of the history language, and many sectors in one block. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseContract } from '../../../src/core/contract.ts'
import { type BlockMap, blockMapOf, defaultBlockBytes, gridOf } from '../../../src/core/map/block-map.ts'
import { foundCodeOf, foundOf, LIVES, stateByte, stateText } from '../../../src/core/map/block-state.ts'
import { runLengthsFrom, stateCounts } from '../../../src/core/map/run-lengths.ts'
import { stretchesOf, stretchesOfVerdict } from '../../../src/core/map/stretches.ts'
import { runTold, type ToldOptions } from '../../support/history-language.ts'

function mapOf(line: string, options: ToldOptions & { readonly blockBytes?: number } = {}): BlockMap {
  const { history, verdict } = runTold(line, options)
  return blockMapOf(history, parseContract(verdict.contract), stretchesOf(verdict.findings), options.blockBytes)
}

const texts = (map: BlockMap): readonly string[] => Array.from(map.states, stateText)

describe('the map of a run', () => {
  it('tells how far the newest write of each block had got', () => {
    const map = mapOf('w1@0+1 F w2@1+1 i3@2+1 CUT 123.')
    assert.deepEqual(texts(map), ['stable', 'at-risk', 'in-flight', 'untouched'])
    assert.deepEqual([...map.writes], [1, 1, 1, 0])
  })

  it('tells stable what the contract makes stable', () => {
    assert.deepEqual(texts(mapOf('w1@0+1! w2@1+1 CUT 12')), ['stable', 'at-risk'])
    assert.deepEqual(texts(mapOf('w1@0+1 w2@1+1 CUT 12', { contract: 'write-through' })), ['stable', 'stable'])
  })

  it('tells a stable write that something not stable has overwritten', () => {
    const map = mapOf('w1@0+2 F w2@0+1 w3@0+1 CUT 31')
    assert.deepEqual(texts(map), ['superseded', 'stable'])
    assert.deepEqual([...map.writes], [3, 1])
  })

  it('tells stable again what was at risk and is flushed, but not what may still land', () => {
    assert.deepEqual(texts(mapOf('w1@0+1 w2@0+1 F CUT 2')), ['stable'])
    assert.deepEqual(texts(mapOf('i1@0+1 w2@0+1 F CUT 2')), ['in-flight'])
  })

  it('tells writes that were announced and of which nothing else is known', () => {
    assert.deepEqual(texts(mapOf('w1@0+1 F N2 CUT 1.', { more: 'w 1+1' })), ['stable', 'announced'])
  })

  it('lays what was found over it: of a lost or torn write only what lacks it', () => {
    assert.deepEqual(texts(mapOf('w1@0+3 F CUT 1.1')), ['stable', 'torn, violation; stable', 'stable'])
    assert.deepEqual(texts(mapOf('w1@0+1 w2@1+1 CUT .2')), ['lost, hazard; at-risk', 'at-risk'])
    assert.deepEqual(texts(mapOf('w1@0+1 F CUT 1g')), ['stable', 'other, violation; untouched'])
  })

  it('shows all that was found, listed or not, and nothing that was withdrawn', () => {
    for (const line of [
      'w1@0+3 F CUT 1.1',
      'w1@0+1 w2@1+1 CUT .2',
      'w1@0+1 F CUT 1g',
      'w1@0+1 F w2@2+1 F CUT .x12',
      'w1@0+1 F w2@2+1 F CUT m10x12',
    ]) {
      const { history, verdict } = runTold(line, { findingsMax: 0 })
      assert.ok(verdict.findings.length === 0 && verdict.foundAt !== undefined, line)
      const map = blockMapOf(history, parseContract(verdict.contract), stretchesOfVerdict(verdict))
      assert.deepEqual(texts(map), texts(mapOf(line)), line)
    }
    assert.equal(texts(mapOf('w1@0+1 F w2@2+1 F CUT .x12'))[0], 'stable')
  })

  it('shows what lies behind the runs that a finding has room for', () => {
    const { history, verdict } = runTold('w1@0+3 F CUT 1.1')
    const [torn] = verdict.findings
    assert.ok(torn !== undefined)
    const cut = { ...torn, runs: torn.runs.slice(0, 1) }
    const map = blockMapOf(history, parseContract(verdict.contract), stretchesOf([cut]))
    assert.deepEqual(texts(map), ['stable', 'torn, violation; stable', 'torn, violation; stable'])
  })

  it('shows the worst of a block, wherever in it that is', () => {
    const map = mapOf('w1@0+8 F w2@3+1 w3@9+1 F CUT 111.11113.......', { blockBytes: 4096 })
    assert.equal(map.blocks, 2)
    assert.equal(stateText(map.states[0] ?? 0), 'lost, violation; stable')
    assert.equal(stateText(map.states[1] ?? 0), 'lost, violation; stable')
    assert.deepEqual([...map.writes], [2, 1])
  })

  it('counts a write once in each block that it touches', () => {
    assert.deepEqual([...mapOf('w1@1+4 CUT .1111.', { blockBytes: 1024 }).writes], [1, 1, 1])
  })
})

describe('the blocks of a map', () => {
  const region = (lba: number, sectors: number): { lba: number; sectors: number } => ({ lba, sectors })

  it('are 4 KiB each of 16 GiB, and never smaller than the logical block', () => {
    assert.equal(defaultBlockBytes({ region: region(0, 2 ** 25), alignSectors: 1 }), 4096)
    assert.equal(defaultBlockBytes({ region: region(0, 2 ** 25 + 1), alignSectors: 1 }), 8192)
    assert.equal(defaultBlockBytes({ region: region(0, 100), alignSectors: 1 }), 512)
    assert.equal(defaultBlockBytes({ region: region(0, 100), alignSectors: 8 }), 4096)
  })

  it('begin at multiples of their size, wherever the region begins', () => {
    assert.deepEqual(gridOf({ region: region(9, 8) }, 4096), { blockBytes: 4096, firstLba: 8, blocks: 2 })
  })
})

describe('the byte of a block', () => {
  it('is greater the more it asks for attention', () => {
    const found = (kind: 'lost' | 'torn' | 'reordered' | 'corrupt', severity: 'violation' | 'hazard'): number =>
      stateByte('untouched', foundCodeOf({ kind, severity }))
    const order = [
      ...LIVES.map((life) => stateByte(life)),
      found('corrupt', 'hazard'),
      found('reordered', 'hazard'),
      found('torn', 'hazard'),
      found('lost', 'hazard'),
      found('corrupt', 'violation'),
      found('reordered', 'violation'),
      found('torn', 'violation'),
      found('lost', 'violation'),
    ]
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.equal(foundOf(0), undefined)
    assert.deepEqual(foundOf(foundCodeOf({ kind: 'phantom', severity: 'violation' })), {
      kind: 'other',
      severity: 'violation',
    })
  })
})

describe('run lengths', () => {
  it('say the same as the bytes, in as many answers as it takes', () => {
    const states = Uint8Array.of(0, 0, 1, 1, 1, 0)
    assert.deepEqual(runLengthsFrom(states, 0, 10), {
      runs: [
        [2, 0],
        [3, 1],
        [1, 0],
      ],
    })
    assert.deepEqual(runLengthsFrom(states, 0, 2), {
      runs: [
        [2, 0],
        [3, 1],
      ],
      next: 5,
    })
    assert.deepEqual(runLengthsFrom(states, 5, 2), { runs: [[1, 0]] })
    assert.deepEqual(runLengthsFrom(states, 6, 2), { runs: [] })
    assert.deepEqual(stateCounts(states), [
      { state: 0, text: 'untouched', blocks: 3 },
      { state: 1, text: 'stable', blocks: 3 },
    ])
  })
})
