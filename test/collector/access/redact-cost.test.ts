/** What strangers can write into a line of the log must not stop the collector: no rule is worse than linear, no line long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_LENGTH_MAX, RULES, redactor } from '../../../src/collector/access/redact.ts'

/** Pieces that a rule begins with, and never finds the end of. */
const PIECES = [
  '/',
  'a/',
  '/?',
  '/?a',
  '?a',
  'postgres://',
  'postgresql://a',
  'bearer ',
  'bearer  bearer\t',
  'password',
  '"token":',
  '"token":"\\',
  '\\"token\\":\\"',
  'pp_a_',
  'plugpull_session',
  'a',
  ' ',
]

/** The least of some tries: the others were disturbed. */
function leastMs(work: () => void): number {
  const tries = Array.from({ length: 3 }, () => {
    const from = performance.now()
    work()
    return performance.now() - from
  })
  return Math.min(...tries)
}

test('no rule takes more than a line of its length is worth, whatever the line is', () => {
  // Ten times as long: ten times the work of a linear rule, a hundred times that of a quadratic one.
  const [short, long] = [5000, 50_000]
  for (const [pattern, replacement] of RULES) {
    for (const piece of PIECES) {
      const lineOf = (length: number): string => piece.repeat(Math.ceil(length / piece.length))
      const ms = (line: string): number => leastMs(() => void line.replace(pattern, replacement))
      const [little, much] = [ms(lineOf(short)), ms(lineOf(long))]
      // What takes no time at all cannot be compared.
      assert(much < 40 * Math.max(little, 2), `${pattern} over ${JSON.stringify(piece)}: ${little} ms, then ${much} ms`)
    }
  }
})

test('a long line stays a line, and half a secret is no way out', () => {
  const clean = redactor([])
  const secret = `pp_o_${'Ab-_'.repeat(10)}abc`
  for (let blanks = 1900; blanks < 2000; blanks++) {
    const text = `${'x'.repeat(blanks - 1)} ${secret} ${'y'.repeat(80_000)}`
    const line = clean(`${JSON.stringify({ level: 30, time: 5, msg: text, err: { stack: text } })}\n`)
    assert(line.length <= LINE_LENGTH_MAX + 2 && line.endsWith('}\n'), `${line.length}`)
    assert(!line.includes('pp_o_'), line)
    assert.deepEqual([JSON.parse(line).level, JSON.parse(line).time], [30, 5])
  }
  const many = Object.fromEntries(Array.from({ length: 9000 }, (_, n) => [`member ${n}`, n]))
  assert(clean(JSON.stringify(many)).length <= LINE_LENGTH_MAX + 2)
  assert(clean('/'.repeat(2_000_000)).length <= LINE_LENGTH_MAX)
})
