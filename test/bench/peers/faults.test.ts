import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOCK_BYTES, type BlockState } from '../../../bench/peers/device-log.ts'
import { FAULTS, type Patch, type Remains, SECTOR_BYTES, changedSectors } from '../../../bench/peers/faults.ts'
import { Prng } from '../../../src/core/prng.ts'

const BLOCKS = 64
const SECTORS_PER_BLOCK = BLOCK_BYTES / SECTOR_BYTES

/** Every sector of its own bytes; the older file holds others. Blocks from 48 on are in doubt, those from 56 on were never written. */
function remains(over: Partial<Remains> = {}): Remains {
  const filled = (salt: number): Buffer => {
    const bytes = Buffer.alloc(BLOCKS * BLOCK_BYTES)
    for (let sector = 0; sector < 56 * SECTORS_PER_BLOCK; sector++)
      bytes.fill(`${salt} ${sector} `, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES)
    return bytes
  }
  const blocks = Array.from({ length: BLOCKS }, (_, block): BlockState => {
    if (block < 48) return 'stable'
    return block < 56 ? 'unsure' : 'untouched'
  })
  const owed = new Set(Array.from({ length: 48 }, (_, block) => block))
  return { bytes: filled(2), older: filled(1), isSteady: () => true, blocks, owed, ...over }
}

const damageOf = (name: string, from: Remains, seed = 1): readonly Patch[] | undefined =>
  FAULTS.find((fault) => fault.name === name)?.damage?.(from, new Prng({ lo: seed, hi: 7 }))

const SIZES: Readonly<Record<string, number>> = {
  'flip-bit': 1,
  'stale-sector': 1,
  'stale-block': 8,
  'torn-block': 4,
  'zeroed-cluster': 128,
  'misdirected-sector': 1,
  'misdirected-block': 8,
  'rolled-back': 48 * 8,
}

describe('damage to what survived', () => {
  for (const [name, size] of Object.entries(SIZES))
    it(`${name}: changes ${size} sectors, all of stable blocks, whatever the seed`, () => {
      for (let seed = 0; seed < 50; seed++) {
        const from = remains()
        const patches = damageOf(name, from, seed)
        assert.ok(patches, `seed ${seed}`)
        const changed = changedSectors(from.bytes, patches)
        assert.equal(new Set(changed).size, size, `seed ${seed}`)
        for (const sector of changed) assert.ok(sector < 48 * SECTORS_PER_BLOCK, `seed ${seed}: sector ${sector}`)
      }
    })

  it('there is one for every fault but the lie of the disk itself', () => {
    const without = FAULTS.filter(({ damage }) => damage === undefined).map(({ name }) => name)
    assert.deepEqual(without, ['dropped-flush'])
    assert.deepEqual(
      Object.keys(SIZES).toSorted(),
      FAULTS.map(({ name }) => name)
        .filter((name) => name !== 'dropped-flush')
        .toSorted(),
    )
  })

  it('a torn block keeps its first half', () => {
    const from = remains()
    const [patch] = damageOf('torn-block', from) ?? []
    assert.equal((patch?.offset ?? 0) % BLOCK_BYTES, BLOCK_BYTES / 2)
  })

  it('a run that left nothing stable leaves no place for any', () => {
    const from = remains({ blocks: Array.from({ length: BLOCKS }, () => 'unsure' as const), owed: new Set() })
    for (const name of Object.keys(SIZES)) assert.equal(damageOf(name, from), undefined, name)
  })

  it('nothing is stale where the older file is the same, or may be half a write', () => {
    const same = remains({ older: remains().bytes })
    const unsteady = remains({ isSteady: () => false })
    for (const name of ['stale-sector', 'stale-block', 'torn-block', 'rolled-back'])
      for (const from of [same, unsteady]) assert.equal(damageOf(name, from), undefined, name)
  })

  it('no cluster is zeroed that may rightly be zeros', () => {
    assert.equal(damageOf('zeroed-cluster', remains({ owed: new Set() })), undefined)
  })
})
