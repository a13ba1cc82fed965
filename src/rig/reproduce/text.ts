/** What `plugpull reproduce` tells people: each trial as it ends, and at the end the script, how often it shows, and the picture. */
import type { Finding } from '../../core/finding.ts'
import { RATE_BOUNDS } from '../../core/statistics.ts'
import { legendOf, stripLines } from '../../core/telling/strip-picture.ts'
import { shellQuoted } from '../shell-command.ts'
import type { Reproduction, TrialNews } from './reproduce.ts'
import type { LoopOptions } from './recorded.ts'
import { argumentsOf } from './recorded.ts'
import { type Statement, scriptText } from '../../core/reproduce/statement.ts'
import { loopWords } from './trial.ts'

const SCRIPT_SHOWN = 100
const PROBLEMS_SHOWN = 3

/** `trial 3  5 statements  shown (1 of 1 cycle)   w 8+16; flush; …`. */
export function trialLine({ number, statements, script, showing }: TrialNews): string {
  const cycles = `${showing.shown} of ${counted(showing.cycles, 'judged cycle')}`
  const word = showing.shown > 0 ? 'shown' : showing.cycles === 0 ? 'not judged' : 'not shown'
  return `trial ${String(number).padStart(2)}  ${counted(statements, 'statement').padStart(14)}  ${`${word} (${cycles})`.padEnd(31)}  ${shortened(script)}`
}

/** `1 statement`, `2 statements`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const shortened = (script: string): string =>
  script.length <= SCRIPT_SHOWN ? script : `${script.slice(0, SCRIPT_SHOWN)} …`

/** What the command line is made from. */
export interface Replay {
  readonly goal: Finding
  readonly options: LoopOptions
  readonly cycles: number
}

/** The command that runs the script, as a shell takes it, with the seed that showed it. */
export function loopCommandLine({ goal, options, cycles }: Replay, { statements, inTrial }: Reproduction): string {
  const seeded = inTrial === undefined ? options : new Map([...options, ['seed', inTrial.seed] as const])
  return ['plugpull', ...loopWords({ goal, options: seeded }, statements, cycles)].map(shellQuoted).join(' ')
}

/** The end of the search. */
export function reproductionText(result: Reproduction, replay: Replay): string {
  const { statements, outcome, shows, example } = result
  const command = loopCommandLine(replay, result)
  if (outcome === 'not-shown' && shows.of === 0) return notJudged(result, command)
  const lines = [
    outcome === 'shown' ? shownLine(result) : notShownLine(result),
    '',
    `  ${scriptText(statements)}`,
    '',
    ...sequence(statements).map((line) => `  ${line}`),
    '',
    ...frequency(result),
    ...placeLines(replay.goal, example?.finding),
    `Again: ${command}`,
    ...(example === undefined
      ? []
      : ['', ...exampleLines(example.finding, stripLines(example.cells, aboutOf(example.finding)))]),
    ...problemLines(result),
  ]
  return `${lines.join('\n')}\n`
}

function notShownLine({ trials, inTrial, shows }: Reproduction): string {
  if (inTrial === undefined) return `NOT SHOWN AGAIN, after ${counted(trials, 'trial')}. The script that comes nearest:`
  return `NOT SHOWN AGAIN: one of ${counted(trials, 'trial')} showed it in ${inTrial.shown} of ${counted(inTrial.cycles, 'judged cycle')}, the count in ${shows.count} of ${shows.of}. The script of that trial:`
}

/** A script is named as what shows it only where another one does not. */
function shownLine(result: Reproduction): string {
  const { statements, from, trials, other } = result
  if (other !== undefined && other.shown > 0) {
    return `SHOWN AGAIN, after ${counted(trials, 'trial')}, but not because of what this script writes: ${other.script} alone showed it too (${other.shown} of ${counted(other.cycles, 'judged cycle')}); the damage came at the cut whatever was written:`
  }
  return `SHOWN AGAIN by ${counted(statements.length, 'statement')} of the ${from} (writes and flushes) that the run has up to the finding, after ${counted(trials, 'trial')}; ${minimality(result)}:`
}

/** Only what was tried. */
function minimality({ statements, isMinimal, triedWithout }: Reproduction): string {
  if (!isMinimal) return 'trials or time ran out before it could be shortened further'
  if (statements.length === 1) return 'there is nothing left to leave out'
  if (triedWithout === statements.length) return 'without any one of them it was not shown, or much more rarely'
  const why = 'the others were not left out, for the finding is about them or nothing stands without them'
  return triedWithout === 0
    ? 'no single one of them was left out in a trial, for the finding is about them'
    : `without ${triedWithout} of them, each left out in turn, it was not shown, or much more rarely; ${why}`
}

/** Where it struck, where that is not where it struck in the run. */
function placeLines(goal: Finding, found: Finding | undefined): readonly string[] {
  if (found === undefined || goal.kind === 'lost' || goal.kind === 'torn' || goal.kind === 'reordered') return []
  if (found.lba < goal.lba + goal.sectors && goal.lba < found.lba + found.sectors) return []
  return [`Here it struck at LBA ${found.lba}, in the run at LBA ${goal.lba}.`]
}

/** How often it shows: by the trial that chose it, and by cycles that did not. */
function frequency({ shows, inTrial, outcome, countSeed }: Reproduction): readonly string[] {
  const share = `${shows.text} of the judged cycles, ${RATE_BOUNDS}`
  if (outcome === 'not-shown') return [`It shows in ${share}; --trial-cycles N looks longer for what shows rarely.`]
  const trial =
    inTrial === undefined
      ? []
      : [`In its trial it showed in ${inTrial.shown} of ${counted(inTrial.cycles, 'judged cycle')}.`]
  const seeds =
    countSeed === undefined || inTrial === undefined
      ? []
      : [`The count had --seed ${countSeed}; the command below has that of the trial, so its count may differ.`]
  return [...trial, `Counted anew it shows in ${share}.`, ...seeds]
}

/** Which writes of the run the statements are. */
function sequence(statements: readonly Statement[]): readonly string[] {
  let number = 0
  return statements.map((statement) =>
    statement.kind === 'flush'
      ? 'flush'
      : `w ${statement.lba}+${statement.sectors}${statement.fua ? ' fua' : ''}`.padEnd(22) +
        ` write ${++number} here, write ${statement.write} of the run`,
  )
}

const aboutOf = ({ kind, write }: Finding): number | undefined =>
  kind === 'lost' || kind === 'torn' || kind === 'reordered' ? write : undefined

const exampleLines = (finding: Finding, strip: readonly string[]): readonly string[] => [
  `What was found (${finding.kind}, ${finding.severity}): ${finding.explanation}.`,
  ...strip.map((line) => `  ${line}`),
  ...legendOf(strip, ' of the script').map((line) => `  ${line}`),
]

function notJudged(result: Reproduction, command: string): string {
  return `${[`NOT TRIED TO AN END: no cycle of ${counted(result.trials, 'trial')} could be judged.`, `The script: ${scriptText(result.statements)}`, `By hand: ${command}`, ...problemLines(result)].join('\n')}\n`
}

function problemLines({ problems }: Reproduction): readonly string[] {
  if (problems.length === 0) return []
  const some = [...new Set(problems)].slice(0, PROBLEMS_SHOWN)
  return ['', `${counted(problems.length, 'cycle')} could not be judged: ${some.join('; ')}`]
}

/** For a machine of the user's: the script that the model suggests, and what to do with it. */
export function ownMachineText(why: string, statements: readonly Statement[], options: LoopOptions): string {
  const agent = ['plugpull', 'agent', '--target', 'DEVICE', '--collector', 'URL', '--hold', ...argumentsOf(options)]
  const script = ['--workload', 'script', '--script', scriptText(statements)]
  return `${[
    `Nothing was run: ${why}.`,
    `What the model says can matter, ${counted(statements.length, 'statement')}:`,
    '',
    `  ${scriptText(statements)}`,
    '',
    'In your machine, on the target as it was before the run:',
    `  ${[...agent, ...script].map(shellQuoted).join(' ')}`,
    'Cut its power once it says that it holds, then:',
    '  plugpull verify --target DEVICE --run ID --collector URL',
  ].join('\n')}\n`
}
