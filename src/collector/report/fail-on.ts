/**
 * The exit status of a report for a build server. The rule is that of `plugpull loop`: a violation outweighs all, and a
 * campaign of which some run cannot acquit is inconclusive; the newest verdict of each run counts.
 */
import { EXIT } from '../../core/errors.ts'
import type { Report } from './report-data.ts'
import { standingOf } from './words.ts'

export const FAIL_ON = ['violation', 'inconclusive'] as const
export type FailOn = (typeof FAIL_ON)[number]

export function failStatus({ runs }: Pick<Report, 'runs'>, failOn: FailOn): number {
  if (runs.some(({ verdict }) => verdict?.verdict === 'violation')) return EXIT.violation
  const isHeld = runs.length > 0 && runs.every((run) => standingOf(run) === 'held')
  return failOn === 'inconclusive' && !isHeld ? EXIT.inconclusive : EXIT.held
}
