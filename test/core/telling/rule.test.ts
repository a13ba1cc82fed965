/** Every finding has exactly one rule, and every rule stands in the model and is used. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseContract } from '../../../src/core/contract.ts'
import { FINDING_KINDS, type Finding } from '../../../src/core/finding.ts'
import { LifeReader } from '../../../src/core/telling/life.ts'
import { howRuleIsMet } from '../../../src/core/telling/rule-met.ts'
import { RULES, ruleOf } from '../../../src/core/telling/rule.ts'
import { coveringWrites, runsFoundFor, stripOf } from '../../../src/core/telling/strip.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { type ToldOptions, runTold } from '../../support/history-language.ts'

const FLUSH = { by: 'flush', flush: 1, issuedMs: 1, completedMs: 2 } as const
const STABLE: readonly Finding['stableBy'][] = [undefined, FLUSH, { by: 'fua' }, { by: 'write-through' }]
const NAMES = [undefined, 'flush-lie', 'stable', 'mixed-sector', 'atomic', 'commit-without-data', 'image-does-not-open']

/** Each finding that the judge can make, and the rule that it is an application of. */
const APPLICATIONS: readonly (readonly [line: string, finding: string, rule: string, options?: ToldOptions])[] = [
  ['w1@0+1 w2@1+1 F CUT ..', 'lost', 'flush-lie'],
  ['w1@0+1 w2@1+1 F CUT 1.', 'lost', 'stable-by-flush'],
  ['w1@0+1! CUT .', 'lost', 'stable-by-fua'],
  ['w1@0+1 CUT .', 'lost', 'stable-by-write-through', { contract: 'write-through' }],
  ['w1@0+1 CUT .', 'lost', 'complete-is-not-stable'],
  ['w1@0+1 F w2@0+1 CUT .', 'lost', 'undefined-under-unstable', { contract: 'virtio-strict' }],
  ['w1@1+2 F w2@0+2 CUT .21', 'torn', 'may-be-there-in-part'],
  ['w1@0+2 F CUT 1.', 'torn', 'stable-by-flush'],
  ['w1@0+2! CUT 1.', 'torn', 'stable-by-fua'],
  ['w1@0+2 CUT 1.', 'torn', 'stable-by-write-through', { contract: 'write-through' }],
  ['w1@0+1 F w2@0+1 CUT m12', 'torn', 'whole-sector'],
  ['w1@0+1 F i2@0+1 CUT m12', 'torn', 'undefined-under-unstable', { contract: 'virtio-strict' }],
  ['w1@0+1 F i2@1+2 CUT 12.', 'torn', 'atomic-unit', { contract: 'volatile,atomic=4k' }],
  ['w1@0+1 F w2@1+1 w3@2+1 CUT 1.3', 'reordered', 'later-survived'],
  ['w1@0+1 F w2@1+1 w3@2+1 CUT 1.3', 'reordered', 'prefix-consistent', { contract: 'ordered' }],
  ['w1@0+1 F CUT 1x1', 'misdirected', 'own-address'],
  ['w1@0+1 F CUT 1z', 'collateral', 'untouched-keeps'],
  ['w1@0+1 F CUT b1', 'corrupt', 'known-contents'],
  ['w1@0+1 F w2@1+1 CUT 1g', 'corrupt', 'undefined-under-unstable', { contract: 'virtio-strict' }],
  ['w1@0+1 F END CUT 1P9', 'phantom', 'announced'],
  ['w1@0+1 F CUT 1u', 'unreadable', 'readable'],
]
/** Made by the workload wal and by the verifier, which the language does not have. */
const BY_HAND: readonly (readonly [Pick<Finding, 'kind' | 'severity' | 'rule' | 'stableBy'>, string])[] = [
  [{ kind: 'reordered', severity: 'hazard', rule: 'commit-without-data' }, 'commit-without-data'],
  [{ kind: 'unreadable', severity: 'violation', rule: 'image-does-not-open' }, 'image-opens'],
]

function metBy(line: string, kind: string, options: ToldOptions): { rule: string; met: string } {
  const { verdict, history, log } = runTold(line, options)
  const contract = parseContract(options.contract ?? 'volatile')
  const finding = verdict.findings.find((one) => one.kind === kind)
  assert.ok(finding, `${line} has a finding ${kind}`)
  const covering = coveringWrites(history, contract, finding)
  const cells = stripOf(history, finding, covering, runsFoundFor(finding, verdict.findings))
  const reader = new LifeReader(history, new Set(covering.map(({ write }) => write)))
  const decoder = new LogDecoder(reader)
  decoder.push(log)
  const met = howRuleIsMet({ finding, contract, life: reader.finish(), cells }).join('; ')
  return { rule: ruleOf(finding).id, met }
}

describe('rules of the model', () => {
  for (const [line, kind, rule, options = {}] of APPLICATIONS) {
    test(`${line} ${options.contract ?? ''}: ${kind} by ${rule}`, () => {
      const found = metBy(line, kind, options)
      assert.equal(found.rule, rule)
      assert.doesNotMatch(found.met, /undefined|NaN/)
      assert.ok(found.met.length > 0, 'the facts are told')
    })
  }
  test('the facts name the times that decide', () => {
    assert.match(
      metBy('w1@0+1 w2@1+1 F CUT 1.', 'lost', {}).met,
      /flush 1 was issued at 5\.000 ms, after write 2 completed at 4\.000 ms, and completed at 6\.000 ms: the write was stable; its one sector lacks it; found there: what was there before the run/,
    )
    assert.match(
      metBy('w1@0+1 f CUT .', 'lost', {}).met,
      /but its completion is not recorded: the write was not stable/,
    )
    assert.match(metBy('w1@0+1 f e CUT .', 'lost', {}).met, /but it failed at 4\.000 ms: the write was not stable/)
    assert.match(metBy('w1@0+1 CUT .', 'lost', {}).met, /no flush was issued after that, so it was never stable/)
  })
  test('every combination of kind, severity, rule and stability has one', () => {
    for (const kind of FINDING_KINDS)
      for (const severity of ['violation', 'hazard'] as const)
        for (const name of NAMES)
          for (const stableBy of STABLE) {
            const facts = {
              kind,
              severity,
              ...(name === undefined ? {} : { rule: name }),
              ...(stableBy === undefined ? {} : { stableBy }),
            }
            assert.equal(Object.hasOwn(RULES, ruleOf(facts).id), true, JSON.stringify(facts))
          }
  })
  test('every rule is applied', () => {
    for (const [finding, rule] of BY_HAND) assert.equal(ruleOf(finding).id, rule)
    const applied = new Set([...APPLICATIONS.map(([, , rule]) => rule), ...BY_HAND.map(([, rule]) => rule)])
    assert.deepEqual([...applied].toSorted(), Object.keys(RULES).toSorted())
  })
  test('every rule stands under a heading that docs/MODEL.md has, by its own name', () => {
    const model = readFileSync(join(import.meta.dirname, '..', '..', '..', '..', 'docs', 'MODEL.md'), 'utf8')
    const headings = new Set([...model.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading))
    for (const [id, rule] of Object.entries(RULES)) {
      assert.equal(rule.id, id)
      assert.ok(headings.has(rule.section), `${id}: ${rule.section}`)
    }
  })
})
