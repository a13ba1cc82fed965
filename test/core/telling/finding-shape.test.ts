/** A verdict that somebody edited is refused with the part that is wrong, whatever was done to it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { checkVerdict } from '../../../src/core/telling/finding-shape.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { judgeTold } from '../../support/history-language.ts'

const VERDICT = judgeTold('w1@0+2 F w2@2+2 w3@4+1 CUT 1...3')

/** The verdict with one part set, as JSON has it. */
function edited(path: readonly string[], value: unknown): Verdict {
  const copy: unknown = JSON.parse(JSON.stringify(VERDICT))
  let at = copy
  for (const name of path.slice(0, -1)) at = Reflect.get(Object(at), name)
  Reflect.set(Object(at), path.at(-1) ?? '', value)
  return JSON.parse(JSON.stringify(copy))
}

function refusal(path: readonly string[], value: unknown): string {
  try {
    checkVerdict(edited(path, value), 'cycle.json')
  } catch (error) {
    assert.ok(error instanceof ProbeError, String(error))
    assert.equal(error.code, 'BAD_OPTION')
    return error.message
  }
  return 'taken'
}

describe('an edited verdict', () => {
  it('is taken as verify wrote it', () => {
    assert.ok(VERDICT.findings.length >= 2)
    checkVerdict(JSON.parse(JSON.stringify(VERDICT)), 'cycle.json')
  })

  it('is refused by the first part that is wrong', () => {
    const cases: readonly (readonly [path: readonly string[], value: unknown, says: RegExp])[] = [
      [['run'], 7, /^the verdict in cycle\.json is not as verify writes it: its run is 7;/],
      [['log'], undefined, /the verdict .* its log is missing/],
      [['findings', '0'], null, /^finding 1 of the verdict .* it is null/],
      [['findings', '1', 'kind'], 'eaten', /^finding 2 of the verdict .* its kind is "eaten"/],
      [['findings', '0', 'lba'], -1, /its lba is -1/],
      [['findings', '0', 'sectors'], 0, /its sectors is 0/],
      [['findings', '0', 'runs'], undefined, /its runs is missing/],
      [['findings', '0', 'runs', '0', 'found'], { kind: 'cheese' }, /its runs is \[/],
      [['findings', '0', 'boundaryAlignments'], ['x'], /its boundaryAlignments is/],
      [['findings', '0', 'stableBy'], { by: 'flush' }, /its stableBy is/],
      [['findings', '0', 'exhibits'], [{ lba: 0, bytes: 'AAAA' }], /its exhibits is/],
    ]
    for (const [path, value, says] of cases) assert.match(refusal(path, value), says)
  })
})
