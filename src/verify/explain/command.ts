/** `plugpull explain`: which finding, from where, and in which form. */
import { Command, Option } from 'commander'
import { EXIT, ProbeError } from '../../core/errors.ts'
import { findingNamed } from '../../core/telling/finding-name.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { print } from '../../io/output.ts'
import {
  EVIDENCE_OPTIONS,
  type EvidenceOptions,
  type OpenArchive,
  type RunEvidence,
  runAndFinding,
  withEvidence,
} from '../../io/run-evidence.ts'
import { TARGET_FORMATS, type TargetFormat } from '../open-target.ts'
import { wantsColour } from '../report/colour.ts'
import { explain } from './explanation.ts'
import { explanationText, findingsText } from './text.ts'

const FORMATS = ['text', 'json'] as const

interface ExplainOptions extends EvidenceOptions {
  readonly target?: string
  readonly targetFormat?: TargetFormat
  readonly format?: (typeof FORMATS)[number]
  readonly json?: true
}

const EXAMPLE = `
  plugpull explain 0123456789abcdef --store sqlite:lab.db
  plugpull explain 0123456789abcdef torn:w17 --collector http://127.0.0.1:7117
  plugpull explain 3 --log kept/run.log --verdict kept/cycle.json --target kept/disk.qcow2`

/** The command for the CLI. */
export function explainCommand(openArchive: OpenArchive): Command {
  const command = new Command('explain')
    .description(
      'Explains a finding: the life of its sectors, what may and must be there, the bytes that differ, the rule that was applied',
    )
    .argument('[run]', 'the run, 16 hexadecimal digits')
    .argument('[finding]', 'its number, w17, lba:48, or with its kind: lost:w17 (default: list the findings)')
  for (const [flags, description] of EVIDENCE_OPTIONS) command.option(flags, description)
  return command
    .option('--target <path>', 'the disk as it was after the cut, to read the sectors anew; never written')
    .addOption(new Option('--target-format <name>', 'what it is (default: by its first bytes)').choices(TARGET_FORMATS))
    .addOption(new Option('--format <name>', 'how to print it (default: text)').choices(FORMATS))
    .option('--json', 'the same as --format json: plugpull.explanation/1')
    .addHelpText(
      'after',
      exitStatusHelp(EXAMPLE, [
        EXIT.held,
        EXIT.usage,
        EXIT.unavailable,
        EXIT.internal,
        EXIT.io,
        EXIT.refused,
        EXIT.interrupted,
      ]),
    )
    .action(async (first: string | undefined, second: string | undefined, options: ExplainOptions) => {
      const { run, finding } = runAndFinding(first, second, options)
      await withInterrupt((signal) =>
        withEvidence(run, options, openArchive, async (evidence) => {
          await print(await told(evidence, finding, options, signal))
        }),
      )
    })
}

async function told(
  evidence: RunEvidence,
  name: string | undefined,
  options: ExplainOptions,
  signal: AbortSignal,
): Promise<string> {
  const isJson = options.json === true || options.format === 'json'
  if (options.json === true && options.format === 'text')
    throw new ProbeError('BAD_OPTION', '--json and --format text exclude each other; give one of them')
  const { verdict } = evidence
  if (name === undefined) return isJson ? document(listOf(evidence)) : findingsText(verdict)
  const explanation = await explain({
    ...findingNamed(verdict.findings, name, verdict.findingsOmitted),
    evidence,
    signal,
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.targetFormat === undefined ? {} : { format: options.targetFormat }),
  })
  return isJson
    ? document(explanation)
    : explanationText(explanation, { colour: wantsColour(process.stdout, process.env) })
}

const document = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** The findings with their numbers: schema `plugpull.findings/1`. */
function listOf({ verdict }: RunEvidence): unknown {
  const { run, findings, findingsOmitted } = verdict
  return {
    schema: 'plugpull.findings/1',
    run,
    findings: findings.map((finding, i) => ({ number: i + 1, ...finding })),
    findingsOmitted,
  }
}
