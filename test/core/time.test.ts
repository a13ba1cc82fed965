/** Times as texts: whatever form a time has, its text orders as the time does, and what is no time is none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalTime } from '../../src/core/time.ts'

test('a time in another form is brought to the one form', () => {
  for (const [text, canonical] of [
    ['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31T12:00:00.5Z', '2026-01-31T12:00:00.500Z'],
    ['2026-01-31T12:00:00.123999999Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-01T03:00:00+09:00', '2025-12-31T18:00:00.000Z'],
    ['2025-12-31T18:30:00-0530', '2026-01-01T00:00:00.000Z'],
    ['2026-01-01T09:00:00.25+09', '2026-01-01T00:00:00.250Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
  ] as const)
    assert.equal(canonicalTime(text), canonical, text)
})

test('what is no time is none', () => {
  for (const text of [
    '',
    'yesterday',
    '2026',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31T12:00Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T23:59:60Z',
    '2026-01-31T12:00:00+25:00',
    '0000-01-01T00:00:00+09:00',
    '9999-12-31T23:59:59-01:00',
    '+012026-01-01T00:00:00Z',
    ' 2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00Z\n',
  ])
    assert.equal(canonicalTime(text), undefined, JSON.stringify(text))
})

test('property: the texts of two times order as the times do, at whatever offsets they were written', () => {
  const offset = fc.integer({ min: -14 * 60, max: 14 * 60 })
  const at = fc.integer({ min: Date.UTC(1970, 1), max: Date.UTC(2100, 1) })
  fc.assert(
    fc.property(fc.tuple(at, offset), fc.tuple(at, offset), ([a, here], [b, there]) => {
      const [first, second] = [canonicalTime(written(a, here)), canonicalTime(written(b, there))]
      assert(first !== undefined && second !== undefined)
      assert.equal(first, new Date(a).toISOString())
      assert.equal(first < second, a < b)
    }),
  )
})

/** The time as a clock at that offset, in minutes, writes it. */
function written(ms: number, offset: number): string {
  const local = new Date(ms + offset * 60_000).toISOString().slice(0, -1)
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return `${local}${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`
}
