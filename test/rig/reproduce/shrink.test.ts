/** What the shrinking rests on: the run as statements, the candidates of the model, what counts as the same finding, the recorded machine. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Finding } from '../../../src/core/finding.ts'
import type { Manifest } from '../../../src/core/manifest.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { proportion } from '../../../src/core/statistics.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { candidatesOf } from '../../../src/core/reproduce/candidates.ts'
import { canShow, isBesideWrites, isSameFinding, otherScript } from '../../../src/core/reproduce/goal.ts'
import { argumentsOf, rawOf, recordedOf } from '../../../src/rig/reproduce/recorded.ts'
import {
  type Statement,
  StatementReader,
  scriptText,
  withoutIdleFlushes,
} from '../../../src/core/reproduce/statement.ts'
import type { Reproduction } from '../../../src/rig/reproduce/reproduce.ts'
import { isAsGood, isRare } from '../../../src/rig/reproduce/rate.ts'
import { reproductionText, trialLine } from '../../../src/rig/reproduce/text.ts'
import { loopWords } from '../../../src/rig/reproduce/trial.ts'
import { parseLoopOptions } from '../../../src/rig/loop-options.ts'
import { judgeTold, runTold } from '../../support/history-language.ts'

function statementsOf(line: string): readonly Statement[] {
  const { history, log } = runTold(line)
  const reader = new StatementReader(history.plan)
  const decoder = new LogDecoder(reader)
  decoder.push(log)
  return reader.statements
}

function findingOf(line: string, kind: Finding['kind'], contract = 'volatile'): Finding {
  const finding = judgeTold(line, { contract }).findings.find((one) => one.kind === kind && one.rule !== 'flush-lie')
  assert.ok(finding, `${line} has a finding ${kind}`)
  return finding
}

const scripts = (line: string, kind: Finding['kind'], cluster?: number): readonly string[] =>
  candidatesOf(findingOf(line, kind), statementsOf(line), cluster).map(({ statements }) => scriptText(statements))

describe('statements of a run', () => {
  it('are its writes and flushes in the order of their issue', () => {
    assert.equal(
      scriptText(statementsOf('w1@0+2 F w2@1+1! i3@3+1 f c3 d CUT ....')),
      'w 0+2; flush; w 1+1 fua; w 3+1; flush',
    )
  })
  it('need no flush that can do nothing', () => {
    const idle = statementsOf('F w1@0+1 F F w2@1+1 F CUT ..')
    assert.equal(scriptText(withoutIdleFlushes(idle)), 'w 0+1; flush; w 1+1; flush')
  })
})

describe('candidates', () => {
  it('are the writes over the same sectors first, then all up to the finding', () => {
    assert.deepEqual(scripts('w1@1+2 w2@5+1 F w3@0+2 w4@6+1 CUT .31..2.', 'torn'), [
      'w 1+2; flush; w 0+2',
      'w 1+2; w 5+1; flush; w 0+2',
    ])
  })
  it('end a lost stable write with the flush that made it stable', () => {
    assert.deepEqual(scripts('w1@0+1 F w2@0+1 F w3@1+1 F CUT 13', 'lost'), ['w 0+1; flush; w 0+1; flush'])
  })
  it('have the survivor of what was reordered', () => {
    assert.deepEqual(scripts('w1@0+1 F w2@1+1 w3@2+1 w4@0+1 CUT 1.3', 'reordered'), [
      'w 1+1; w 2+1',
      'w 0+1; flush; w 1+1; w 2+1',
    ])
  })
  it('have the writes of the same clusters between the two, where the image has clusters', () => {
    const line = 'w1@3+1 F w2@9+1 w3@0+1 CUT ...1.....2'
    assert.deepEqual(scripts(line, 'lost', 4), ['w 0+1', 'w 3+1; flush; w 0+1', 'w 3+1; flush; w 9+1; w 0+1'])
  })
})

describe('the same finding again', () => {
  const line = 'w1@1+2 w2@5+1 F w3@0+2 CUT .31..2'
  const goal = findingOf(line, 'torn')
  const script = statementsOf(line).filter((statement) => statement.kind === 'flush' || statement.write !== 2)
  it('is that of the write which corresponds, not of another', () => {
    const again = judgeTold('w1@1+2 F w2@0+2 CUT .21').findings[0]
    assert.ok(again)
    assert.equal(isSameFinding(goal, again, script), true)
    assert.equal(isSameFinding(goal, { ...again, write: 1 }, script), false)
    assert.equal(isSameFinding(goal, { ...again, severity: 'violation' }, script), false)
    assert.equal(isSameFinding(goal, { ...again, kind: 'lost' }, script), false)
    assert.equal(isSameFinding(goal, { ...again, rule: 'mixed-sector' }, script), false)
  })
  it('may be a loss that a flush which was a lie sums up', () => {
    const history = 'w1@0+1 w2@1+1 F CUT ..'
    const [lie, loss] = judgeTold(history).findings
    assert.ok(lie?.rule === 'flush-lie' && loss)
    assert.equal(isSameFinding(lie, loss, statementsOf(history)), true)
  })
  it('needs its write in the script', () => {
    assert.equal(canShow(goal, script), true)
    assert.equal(canShow(goal, script.slice(0, 1)), false)
    assert.equal(canShow(findingOf('w1@0+1 F CUT 1z', 'collateral'), []), false)
  })
})

describe('damage of the cut', () => {
  const goal = findingOf('w1@0+1 F CUT 1..g', 'collateral')
  const script = statementsOf('w1@0+1 F CUT .')
  it('is the same again only with the same kind of content', () => {
    const zeros = findingOf('w1@0+1 F CUT 1z', 'collateral')
    assert.equal(isSameFinding(goal, findingOf('w1@0+1 F CUT 1g', 'collateral'), script), true)
    assert.equal(isSameFinding(goal, zeros, script), false)
  })
  it('is beside the writes where the script touches none of its sectors', () => {
    assert.equal(isBesideWrites(goal, script), true)
    assert.equal(isBesideWrites(goal, statementsOf('w1@2+2 CUT ....')), false)
    assert.equal(isBesideWrites({ ...goal, kind: 'lost' }, script), false)
  })
  it('is tried with a write that touches neither it nor the script', () => {
    const far = { ...goal, lba: 20 }
    assert.equal(scriptText(otherScript(far, far, script)), 'w 8+8')
    assert.equal(scriptText(otherScript(goal, goal, script)), 'w 8+8')
    assert.equal(scriptText(otherScript(far, { ...goal, lba: 9 }, script)), 'w 24+8')
  })
})

describe('what the shrinking says', () => {
  const goal = findingOf('w1@0+1 F CUT 1..g', 'collateral')
  const statements = statementsOf('w1@0+1 F CUT .')
  const shown: Reproduction = {
    statements,
    outcome: 'shown',
    from: 238,
    trials: 6,
    isMinimal: true,
    triedWithout: 2,
    shows: proportion(3, 10),
    countSeed: '00000000000000cc',
    inTrial: { shown: 1, cycles: 1, seed: '00000000000000aa' },
    problems: [],
  }
  const text = (changed: Partial<Reproduction>): string =>
    reproductionText({ ...shown, ...changed }, { goal, options: new Map([['rig', 'sim']]), cycles: 10 })
  it('names the script, and that nothing can be left out, only where that was tried', () => {
    assert.match(
      text({}),
      /by 2 statements of the 238 \(writes and flushes\) .*; without any one of them it was not shown, or much more rarely:/,
    )
    assert.match(
      text({ triedWithout: 1 }),
      /; without 1 of them, each left out in turn, it was not shown, or much more rarely; the others were not/,
    )
    assert.match(text({ triedWithout: 0 }), /; no single one of them was left out in a trial/)
    const one = text({ statements: statements.slice(0, 1), triedWithout: 0 })
    assert.match(one, /by 1 statement of the 238 .*; there is nothing left to leave out:/)
    for (const triedWithout of [0, 1]) assert.doesNotMatch(text({ triedWithout }), /without any one/)
  })
  it('does not hold the script to be the cause where another one shows it too', () => {
    const other = { script: 'w 8+8', shown: 2, cycles: 3 }
    const told = text({ other })
    assert.match(
      told,
      /not because of what this script writes: w 8\+8 alone showed it too \(2 of 3 judged cycles\); the damage came at the cut whatever was written:/,
    )
    assert.doesNotMatch(told, /without any one|SHOWN AGAIN by/)
    assert.match(text({ other: { ...other, shown: 0 } }), /SHOWN AGAIN by 2 statements/)
  })
  it('tells where it struck, if elsewhere, and which seed the count had', () => {
    const at = (lba: number): string => text({ example: { run: 'r', finding: { ...goal, lba }, cells: [] } })
    assert.match(at(9), /Here it struck at LBA 9, in the run at LBA 3\./)
    assert.doesNotMatch(at(3), /Here it struck/)
    assert.match(text({}), /The count had --seed 00000000000000cc; the command below has that of the trial/)
  })
  it('does not say that it was shown again where the count shows it in no cycle', () => {
    const told = text({ outcome: 'not-shown', shows: proportion(0, 10), inTrial: { shown: 1, cycles: 20, seed: 'a' } })
    assert.match(told, /^NOT SHOWN AGAIN: one of 6 trials showed it in 1 of 20 judged cycles, the count in 0 of 10\./)
    assert.doesNotMatch(told, /^SHOWN AGAIN/m)
  })
  it('takes no shorter script for the same that shows it much more rarely', () => {
    const always = { shown: 1, cycles: 1 }
    assert.equal(isAsGood({ shown: 1, cycles: 20 }, always), false)
    assert.equal(isAsGood({ shown: 1, cycles: 2 }, always), true)
    assert.equal(isAsGood({ shown: 2, cycles: 20 }, always), true)
    assert.equal(isAsGood({ shown: 1, cycles: 20 }, { shown: 1, cycles: 15 }), true)
    assert.equal(isAsGood({ shown: 0, cycles: 20 }, undefined), false)
    assert.deepEqual(
      [isRare({ shown: 1, cycles: 20 }), isRare({ shown: 1, cycles: 3 }), isRare(always)],
      [true, false, false],
    )
  })
  it('counts judged cycles, and says so', () => {
    const showing = { cycles: 12, shown: 0, problems: [] }
    const line = trialLine({ number: 3, statements: 1, script: 'w 0+1', showing })
    assert.match(line, / 1 statement  not shown \(0 of 12 judged cycles\) /)
  })
})

describe('what is recorded of a machine', () => {
  const labels = {
    rig: 'storage-daemon',
    image: 'qcow2-overlay',
    cache: 'none',
    cut: 'sigkill',
    cluster: '65536',
    'loop.size': '64M',
    'loop.backing-chain': '2',
  }
  const { manifest: told } = runTold('w1@0+1 F CUT .').history
  const verdict = judgeTold('w1@0+1 F CUT .')
  const recorded = (
    changed: Partial<Manifest>,
    own: Readonly<Record<string, string>> = labels,
    judged: Verdict = verdict,
  ) =>
    recordedOf(
      {
        ...told,
        overlapInFlight: false,
        queueDepth: 1,
        flushMode: 'barrier',
        plan: { ...told.plan, region: { lba: 0, sectors: 131_072 } },
        target: { ...told.target, sizeSectors: 131_072 },
        ...changed,
        environment: { ...told.environment, labels: own },
      },
      judged,
    )
  it('becomes the options of the loop, and only those that are not the default', () => {
    const made = recorded({})
    assert.equal(made.kind, 'rig')
    assert.deepEqual(
      argumentsOf(made.options).join(' '),
      '--rig storage-daemon --image qcow2-overlay --cache none --cut sigkill --size 64M --cluster-size 64k --backing-chain 2 --seed 00000000000000aa',
    )
    const deep = recorded({
      queueDepth: 8,
      flushMode: 'concurrent',
      overlapInFlight: true,
      baseline: 'format',
      plan: { ...told.plan, region: { lba: 8, sectors: 8 } },
    })
    assert.match(
      argumentsOf(deep.options).join(' '),
      /--queue-depth 8 --flush-mode concurrent --baseline format --overlap-in-flight --region 4k\.\.8k$/,
    )
    assert.match(
      argumentsOf(recorded({}, labels, { ...verdict, contract: 'ordered' }).options).join(' '),
      /--contract ordered/,
    )
  })
  it('is taken by the loop as it is', () => {
    const config = parseLoopOptions({ ...rawOf(recorded({}).options), workload: 'script', script: 'w 0+1' })
    assert.deepEqual(
      [
        config.rig.name,
        config.image,
        config.cache,
        config.cut,
        config.sizeBytes,
        config.clusterBytes,
        config.chainLength,
      ],
      ['storage-daemon', 'qcow2-overlay', 'none', 'sigkill', 64 * 2 ** 20, 65_536, 2],
    )
    assert.equal(config.seed, '00000000000000aa')
  })
  it('narrows the region for what strikes anywhere in it', () => {
    const goal = findingOf('w1@9+1 F CUT .........g', 'corrupt')
    const { options } = recorded({})
    const words = loopWords({ goal, options }, statementsOf('w1@9+1 F CUT ..........'), 3).join(' ')
    assert.match(words, /--region 4k\.\.8k --workload script --script w 9\+1; flush --cycles 3$/)
  })
  it('is nothing that can be made again where the machine was there already, or is unknown', () => {
    for (const [own, why] of [
      [{}, /no rig of plugpull made its machine/],
      [{ rig: 'hovercraft' }, /there is no rig hovercraft here/],
      [{ rig: 'command', image: 'unknown', cache: 'unknown', cut: 'command' }, /was there already/],
      [
        { rig: 'libvirt', image: 'unknown', cache: 'none', cut: 'sigkill' },
        /cannot be made here: --image got "unknown"/,
      ],
    ] as const) {
      const made = recorded({}, own)
      assert.ok(made.kind === 'own-machine')
      assert.match(made.why, why)
    }
  })
})
