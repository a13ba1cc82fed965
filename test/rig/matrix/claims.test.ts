import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { proportion } from '../../../src/core/statistics.ts'
import { cellsOf } from '../../../src/rig/matrix/cell.ts'
import { type Happening, judgeClaims } from '../../../src/rig/matrix/claims.ts'
import { toldView } from '../../../src/rig/matrix/told.ts'
import { rigNamed } from '../../../src/rig/registry.ts'
import type { CacheMode, CutKind, ImageName } from '../../../src/rig/rig.ts'

interface Case {
  readonly cell: readonly [ImageName, CacheMode, CutKind]
  readonly seen?: Partial<Record<Happening, number>>
  readonly of?: number
  readonly trusted?: boolean
  /** Cycles with a tear of the same image without subclusters, where that was measured. */
  readonly tornWithout?: number
  /** The words on the cell's claims, in order. */
  readonly words: readonly string[]
  readonly evidence?: RegExp
}

const OK = 'consistent with'
const NO = 'contradicts'
const UNKNOWN = 'cannot tell'

const CASES: readonly Case[] = [
  // Safe if the guest flushes; what was not flushed can be lost.
  {
    cell: ['raw', 'none', 'host-power'],
    seen: { lost: 20 },
    words: [OK, OK],
    evidence: /^0 of 20: below 13\.9 %$/,
  },
  { cell: ['raw', 'writeback', 'host-power'], words: [OK, UNKNOWN] },
  {
    cell: ['qcow2', 'writeback', 'host-power'],
    seen: { violation: 1, lost: 20 },
    words: [NO, OK],
    evidence: /^1 of 20/,
  },
  // Complete is stable.
  { cell: ['qcow2', 'directsync', 'host-power'], words: [OK] },
  { cell: ['qcow2', 'writethrough', 'sigkill'], seen: { violation: 2, lost: 2 }, words: [NO] },
  // No promise at all: a loss is what the documents say, its absence says nothing.
  { cell: ['qcow2', 'unsafe', 'host-power'], seen: { violation: 20, lost: 20 }, words: [OK] },
  { cell: ['qcow2', 'unsafe', 'host-power'], words: [UNKNOWN], evidence: /^not seen, 0 of 20/ },
  // A killed QEMU.
  { cell: ['qcow2', 'none', 'sigkill'], seen: { lost: 3 }, words: [OK, OK] },
  // Subclusters tear only as far as the image without them does not.
  {
    cell: ['qcow2-overlay-extl2', 'none', 'sigkill'],
    seen: { lost: 3, torn: 15 },
    tornWithout: 1,
    words: [OK, OK, OK],
  },
  {
    cell: ['qcow2-overlay-extl2', 'none', 'sigkill'],
    seen: { lost: 3, torn: 15 },
    tornWithout: 15,
    words: [OK, OK, UNKNOWN],
  },
  { cell: ['qcow2-overlay-extl2', 'none', 'sigkill'], seen: { lost: 3, torn: 15 }, words: [OK, OK, UNKNOWN] },
  { cell: ['qcow2-overlay-extl2', 'none', 'sigkill'], seen: { lost: 3 }, words: [OK, OK, UNKNOWN] },
  { cell: ['raw', 'none', 'sigkill'], seen: { lost: 1 }, words: [OK, NO] },
  // An orderly end.
  { cell: ['qcow2', 'none', 'sigterm'], words: [OK, OK] },
  { cell: ['qcow2', 'none', 'virsh-destroy'], seen: { lost: 1 }, words: [OK, NO] },
  // Nothing is acquitted by a few cycles, or beside a liar that got away; what was seen was seen.
  { cell: ['qcow2', 'none', 'sigterm'], of: 3, words: [UNKNOWN, UNKNOWN] },
  { cell: ['qcow2', 'none', 'sigterm'], of: 0, words: [UNKNOWN, UNKNOWN] },
  { cell: ['qcow2', 'none', 'sigterm'], trusted: false, words: [UNKNOWN, UNKNOWN], evidence: /liar was not caught/ },
  { cell: ['qcow2', 'none', 'sigkill'], trusted: false, seen: { violation: 1, lost: 1 }, words: [NO, OK] },
]

describe('claims of the documents', () => {
  for (const { cell, seen = {}, of = 20, trusted = true, tornWithout, words, evidence } of CASES) {
    const [image, cache, cut] = cell
    const what = `${cell.join('/')} with ${JSON.stringify(seen)} of ${of}${trusted ? '' : ', liar not caught'}, ${tornWithout ?? 'none'} torn without`
    it(`${what}: ${words.join(', ')}`, () => {
      const rate = (kind: Happening) => proportion(seen[kind] ?? 0, of)
      const rates = { violation: rate('violation'), lost: rate('lost'), torn: rate('torn') }
      const judged = judgeClaims(
        { rig: 'any', image, cache, cut },
        {
          rates,
          trusted,
          ...(tornWithout === undefined ? {} : { tornWithout: proportion(tornWithout, of) }),
        },
      )
      assert.deepEqual(
        judged.map(({ word }) => word),
        words,
      )
      if (evidence !== undefined) assert.match(judged[0]?.evidence ?? '', evidence)
    })
  }

  it('stand on every cell', () => {
    const rates = { violation: proportion(0, 9), lost: proportion(0, 9), torn: proportion(0, 9) }
    for (const cell of cellsOf({ rigs: [rigNamed('storage-daemon'), rigNamed('host-power')] }))
      assert.ok(judgeClaims(cell, { rates, trusted: true }).length > 0, JSON.stringify(cell))
  })
})

describe('what the guest is told', () => {
  const disk = (writeCache: 'write back' | 'write through', fua?: boolean) => ({
    kind: 'block' as const,
    logicalBlockBytes: 512,
    writeCache,
    ...(fua === undefined ? {} : { fua }),
  })
  it('is held against the documents', () => {
    assert.deepEqual(toldView('none', [disk('write back', false), disk('write back', false)]), {
      documented: 'write back',
      seen: ['write back, no FUA'],
      word: 'as documented',
    })
    assert.equal(toldView('directsync', [disk('write through')]).word, 'as documented')
    assert.equal(toldView('writethrough', [disk('write through'), disk('write back')]).word, 'NOT as documented')
    assert.equal(toldView('unsafe', [disk('write through')]).word, 'NOT as documented')
  })
  it('is not seen by a file that stands in for the disk', () => {
    assert.equal(toldView('none', [{ kind: 'file', logicalBlockBytes: 512 }]).word, 'not seen')
    assert.equal(toldView('none', []).word, 'not seen')
  })
})
