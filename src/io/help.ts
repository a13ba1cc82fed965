/** The end of every `--help`: an example, and what the exit statuses mean. */
import { EXIT } from '../core/errors.ts'

const MEANING: Readonly<Record<number, string>> = {
  [EXIT.held]: 'done; for a verdict: held',
  [EXIT.violation]: 'violation: the contract was broken',
  [EXIT.inconclusive]: 'inconclusive: the evidence cannot acquit',
  [EXIT.usage]: 'usage: an option, a log or a run id is not what the command takes',
  [EXIT.unavailable]: 'collector or rig unavailable',
  [EXIT.internal]: 'internal error',
  [EXIT.io]: 'I/O error on the target, the log or the output',
  [EXIT.refused]: 'target refused, for its safety',
  [EXIT.interrupted]: 'stopped by Ctrl-C or SIGTERM',
}

/** How a command ends that writes to targets or reads them, and judges: in every way there is. */
export const JUDGING_STATUSES: readonly number[] = Object.values(EXIT)

/** Text for commander's `addHelpText('after', …)`. The example may have several lines. */
export function exitStatusHelp(example: string, statuses: readonly number[]): string {
  const examples = example
    .trim()
    .split('\n')
    .map((line) => `  ${line.trim()}`)
  const lines = statuses
    .toSorted((a, b) => a - b)
    .map((status) => `  ${String(status).padStart(3)}  ${MEANING[status] ?? 'see docs/CLI.md'}`)
  return ['', examples.length > 1 ? 'Examples:' : 'Example:', ...examples, '', 'Exit status:', ...lines, ''].join('\n')
}
