/** What two looks at the same runs tell: each thing once, in the order in which it happened. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Changes } from '../../../src/collector/live/changes.ts'
import type { RunLine } from '../../../src/core/campaign/facts.ts'
import { runId } from '../helpers.ts'
import { CUT, lineOf, OUTCOME } from './lines.ts'

const kinds = (changes: Changes, ...lines: RunLine[]): string[] =>
  changes.take(lines).map(({ kind, line }) => `${kind} ${Number.parseInt(line.run, 16)}`)

const PROGRESS = { state: 'writing', issued: 2, completed: 1, flushes: 0 } as const

test('a run is told as a whole, then by what changes of it', () => {
  const changes = new Changes()
  assert.deepEqual(kinds(changes, lineOf(1, 1)), ['run 1'])
  assert.deepEqual(kinds(changes, lineOf(1, 1)), [])
  assert.deepEqual(changes.take([lineOf(1, 2, { bytes: 10, progress: PROGRESS })]), [
    {
      kind: 'progress',
      line: {
        run: runId(1),
        changedAt: lineOf(1, 2).changedAt,
        heardAt: lineOf(1, 2).heardAt,
        bytes: 10,
        progress: PROGRESS,
      },
    },
  ])
  assert.deepEqual(kinds(changes, lineOf(1, 3, { cutRecord: CUT })), ['cut 1'])
  assert.deepEqual(kinds(changes, lineOf(1, 4, { cutRecord: CUT, outcome: OUTCOME })), ['verdict 1'])
  assert.deepEqual(kinds(changes, lineOf(1, 5, { cutRecord: CUT, outcome: { ...OUTCOME, word: 'violation' } })), [
    'verdict 1',
  ])
})

test('all that happened between two looks is told, the older run first', () => {
  const changes = new Changes()
  assert.deepEqual(kinds(changes, lineOf(2, 4, { cutRecord: CUT, outcome: OUTCOME }), lineOf(1, 2)), [
    'run 1',
    'run 2',
    'cut 2',
    'verdict 2',
  ])
})

test('what is older than what was told already is no change', () => {
  const changes = new Changes()
  kinds(changes, lineOf(1, 9, { bytes: 90 }))
  assert.deepEqual(kinds(changes, lineOf(1, 8, { bytes: 80 })), [])
})
