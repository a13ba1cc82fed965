/** Where all was found: the worst of every sector, whatever the order, in a bounded number of runs that hide nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FoundAt, FOUND_RUNS_MAX, FoundPlaces } from '../../../src/core/map/found-at.ts'

type Added = readonly [lba: number, sectors: number, code: number]

function foundAt(added: Iterable<Added>, runsMax = FOUND_RUNS_MAX): FoundAt {
  const places = new FoundPlaces(runsMax)
  for (const [lba, sectors, code] of added) places.add(lba, sectors, code)
  const found = places.foundAt()
  assert.ok(found !== undefined)
  return found
}

/** The code of each of the first sectors. */
function sectorsOf({ grainSectors, lba, runs }: FoundAt, sectors: number): readonly number[] {
  const codes = Array.from({ length: sectors }, () => 0)
  let at = lba
  for (const [grains, code] of runs) {
    codes.fill(code, at, at + grains * grainSectors)
    at += grains * grainSectors
  }
  return codes.slice(0, sectors)
}

/** The same, sector by sector. */
function plainly(added: Iterable<Added>, sectors: number): readonly number[] {
  const codes = Array.from({ length: sectors }, () => 0)
  for (const [lba, length, code] of added)
    for (let at = lba; at < lba + length; at++) codes[at] = Math.max(codes[at] ?? 0, code)
  return codes
}

/** Numbers below `below`, always the same. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function* anyAdded(seed: number, count: number, sectors: number): Iterable<Added> {
  const next = numbers(seed)
  for (let i = 0; i < count; i++) {
    const length = 1 + next(12)
    yield [next(sectors - length), length, 1 + next(8)]
  }
}

describe('where all was found', () => {
  it('is nothing where nothing was', () => assert.equal(new FoundPlaces().foundAt(), undefined))

  it('is run lengths from the first place on, neighbours of one kind as one', () => {
    const found = foundAt([
      [20, 4, 8],
      [10, 2, 4],
      [12, 1, 4],
    ])
    assert.deepEqual(found, {
      grainSectors: 1,
      lba: 10,
      runs: [
        [3, 4],
        [7, 0],
        [4, 8],
      ],
    })
  })

  it('is the worst where places overlap, in whatever order they come', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const added = [...anyAdded(seed, 40, 300)]
      const found = foundAt(added)
      assert.equal(found.grainSectors, 1)
      assert.deepEqual(sectorsOf(found, 300), plainly(added, 300), `seed ${seed}`)
      const ordered = added.toSorted(([a], [b]) => b - a)
      assert.deepEqual(foundAt(ordered), found, `seed ${seed}`)
    }
  })

  it('has at most so many runs: then neighbours are one grain that has the worst of them', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const sectors = 2 ** 15
      const added = [...anyAdded(seed, 2000, sectors)]
      const found = foundAt(added, 64)
      const { grainSectors, lba, runs } = found
      assert.ok(runs.length <= 64 && grainSectors > 1 && lba % grainSectors === 0)
      const codes = sectorsOf(found, sectors)
      const plain = plainly(added, sectors)
      for (let at = 0; at < sectors; at += grainSectors) {
        const worst = Math.max(...plain.slice(at, at + grainSectors))
        assert.deepEqual(new Set(codes.slice(at, at + grainSectors)), new Set([worst]), `seed ${seed}, sector ${at}`)
      }
    }
  })

  it('takes in four hundred thousand places of a disk of 16 TiB', () => {
    const next = numbers(7)
    const places = new FoundPlaces()
    for (let i = 0; i < 400_000; i++) places.add(next(2 ** 30) * 32, 8, 8)
    const { grainSectors = 0, runs = [] } = places.foundAt() ?? {}
    assert.ok(runs.length <= FOUND_RUNS_MAX && runs.length > FOUND_RUNS_MAX / 16, String(runs.length))
    assert.ok(runs.reduce((sum, [grains]) => sum + grains * grainSectors, 0) <= 2 ** 35)
  })
})
