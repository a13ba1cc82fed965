/** `plugpull reproduce`: which finding, from where, within which bounds. */
import { Command, Option } from 'commander'
import { positiveMs, wholeOf } from '../../core/agent-options.ts'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { findingNamed } from '../../core/telling/finding-name.ts'
import type { Finding } from '../../core/finding.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { loadHistory, readLogInto } from '../../io/load-history.ts'
import { print } from '../../io/output.ts'
import {
  EVIDENCE_OPTIONS,
  type EvidenceOptions,
  type OpenArchive,
  type RunEvidence,
  runAndFinding,
  withEvidence,
} from '../../io/run-evidence.ts'
import { withScratch } from '../../io/scratch.ts'
import { startCollector, thisProgram } from '../children.ts'
import { rigNamed } from '../registry.ts'
import { type Candidate, candidatesOf } from '../../core/reproduce/candidates.ts'
import { type LoopOptions, type Recorded, rawOf, recordedOf } from './recorded.ts'
import { type Bounds, type Listener, type Reproduction, reproduce } from './reproduce.ts'
import { type Statement, StatementReader, scriptText } from '../../core/reproduce/statement.ts'
import { type Replay, counted, loopCommandLine, ownMachineText, reproductionText, trialLine } from './text.ts'

export const REPRODUCTION_SCHEMA = 'plugpull.reproduction/1'

const COUNT_MAX = 10_000
const TRIAL_CYCLES = 3
const TRIAL_CYCLES_SIM = 20

interface ReproduceOptions extends EvidenceOptions {
  readonly trialsMax: string
  readonly limit: string
  readonly trialCycles?: string
  readonly cycles: string
  readonly json?: true
  readonly quiet?: true
}

const EXAMPLE = `
  plugpull reproduce 0123456789abcdef torn:w17 --store sqlite:lab.db
  plugpull reproduce 0123456789abcdef 1 --collector http://127.0.0.1:7117 --limit 5m`

/** The command for the CLI. */
export function reproduceCommand(openArchive: OpenArchive): Command {
  const command = new Command('reproduce')
    .description(
      'Shrinks the run behind a finding to the shortest script that shows it again on its rig, and runs that',
    )
    .argument('[run]', 'the run, 16 hexadecimal digits')
    .argument('[finding]', 'its number, w17, lba:48, or with its kind: lost:w17; plugpull explain lists them')
  for (const [flags, description] of EVIDENCE_OPTIONS) command.option(flags, description)
  return command
    .addOption(new Option('--trials-max <n>', 'scripts to try at most').default('60'))
    .addOption(new Option('--limit <time>', 'time for the shrinking; the count at the end comes on top').default('10m'))
    .addOption(
      new Option(
        '--trial-cycles <n>',
        `cycles of a trial before it counts as not shown (default: ${TRIAL_CYCLES}; ${TRIAL_CYCLES_SIM} with rig sim, whose faults strike by chance)`,
      ),
    )
    .addOption(new Option('--cycles <n>', 'cycles of the result, to count how often it shows').default('10'))
    .option('--json', 'one JSON document on stdout (plugpull.reproduction/1)')
    .option('--quiet', 'no line per trial')
    .addHelpText(
      'after',
      `\nExits with 0 where the script showed the finding again, with 11 where it did not.\n${exitStatusHelp(EXAMPLE, [EXIT.held, EXIT.inconclusive, EXIT.usage, EXIT.unavailable, EXIT.internal, EXIT.io, EXIT.interrupted])}`,
    )
    .action(async (first: string | undefined, second: string | undefined, options: ReproduceOptions) => {
      const { run, finding } = runAndFinding(first, second, options)
      if (finding === undefined)
        throw new ProbeError(
          'BAD_OPTION',
          'FINDING is missing: its number, w17 or lba:48; plugpull explain lists the findings',
        )
      // What is wrong with an option is said before anything is read.
      boundsOf(options, '')
      process.exitCode = await withInterrupt((signal) =>
        withEvidence(run, options, openArchive, (evidence) =>
          runReproduce({ evidence, name: finding, options, signal }),
        ),
      )
    })
}

const boundsOf = ({ trialsMax, limit, trialCycles, cycles }: ReproduceOptions, rig: string): Bounds => ({
  trialsMax: wholeOf(trialsMax, '--trials-max', COUNT_MAX),
  limitMs: positiveMs(limit, '--limit', 's'),
  trialCycles: wholeOf(
    trialCycles ?? String(rig === 'sim' ? TRIAL_CYCLES_SIM : TRIAL_CYCLES),
    '--trial-cycles',
    COUNT_MAX,
  ),
  cycles: wholeOf(cycles, '--cycles', COUNT_MAX),
})

interface Order {
  readonly evidence: RunEvidence
  readonly name: string
  readonly options: ReproduceOptions
  readonly signal: AbortSignal
}

async function runReproduce(order: Order): Promise<number> {
  const { evidence, name, signal } = order
  const { finding } = findingNamed(evidence.verdict.findings, name, evidence.verdict.findingsOmitted)
  const history = await loadHistory(evidence.log, signal)
  const reader = new StatementReader(history.plan)
  await readLogInto(reader, evidence.log, signal)
  const { manifest } = history
  const clusters = manifest.environment.labels['cluster'] === undefined ? undefined : manifest.plan.clusterSectors
  const candidates = candidatesOf(finding, reader.statements, clusters)
  const recorded = recordedOf(manifest, evidence.verdict)
  if (recorded.kind === 'own-machine') return tellOwnMachine(order, recorded, candidates)
  const rig = recorded.options.get('rig')
  rigNamed(String(rig)).require(rawOf(recorded.options))
  return onRig(order, finding, recorded.options, candidates)
}

async function tellOwnMachine(
  { options, evidence }: Order,
  { why, options: agent }: Recorded & { readonly kind: 'own-machine' },
  candidates: readonly Candidate[],
): Promise<number> {
  const statements = candidates[0]?.statements ?? []
  const result = {
    schema: REPRODUCTION_SCHEMA,
    run: evidence.verdict.run,
    outcome: 'not-run',
    why,
    script: scriptText(statements),
  }
  await print(options.json === true ? `${JSON.stringify(result)}\n` : ownMachineText(why, statements, agent))
  return EXIT.inconclusive
}

async function onRig(
  { evidence, options, signal }: Order,
  goal: Finding,
  loop: LoopOptions,
  candidates: readonly Candidate[],
): Promise<number> {
  const bounds = boundsOf(options, String(loop.get('rig')))
  const stream = options.json === true ? process.stderr : process.stdout
  const say = (line: string): void => void (options.quiet === true ? undefined : stream.write(`${line}\n`))
  const replay: Replay = { goal, options: loop, cycles: bounds.cycles }
  let shortest: readonly Statement[] | undefined
  const listener: Listener = {
    onCandidate: ({ what, statements }) => say(`${what}: ${counted(statements.length, 'statement')}`),
    onTrial: (news) => say(trialLine(news)),
    onShorter: (statements) => (shortest = statements),
  }
  say(`looking for: ${goal.kind} (${goal.severity}): ${goal.explanation}`)
  const { run } = evidence.verdict
  try {
    const result = await withScratch('reproduce', async (scratch) => {
      const collector = await startCollector(thisProgram(), scratch, `sqlite:${scratch.file('collector.db')}`)
      try {
        const context = { goal, options: loop, collector, campaign: `reproduce-${run}`, signal }
        return await reproduce(candidates, context, bounds, listener)
      } finally {
        await collector.stop()
      }
    })
    await print(options.json === true ? documentOf(run, result, replay) : `\n${reproductionText(result, replay)}`)
    return result.outcome === 'shown' ? EXIT.held : EXIT.inconclusive
  } catch (error) {
    if (signal.aborted && shortest !== undefined)
      stream.write(`the shortest script so far that showed it: ${scriptText(shortest)}\n`)
    throw error
  }
}

function documentOf(run: string, result: Reproduction, replay: Replay): string {
  const { statements, example, ...rest } = result
  const document = {
    schema: REPRODUCTION_SCHEMA,
    run,
    goal: replay.goal,
    script: scriptText(statements),
    statements,
    ...rest,
    command: loopCommandLine(replay, result),
    ...(example === undefined ? {} : { example }),
  }
  return `${JSON.stringify(document)}\n`
}
