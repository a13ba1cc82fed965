/** The report formats there are: a new one is one new file and one line here. */
import { ProbeError } from '../../core/errors.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import type { Report } from './report.ts'
import { text } from './text.ts'

export const REPORTS: readonly Report[] = [text, json, junit]

/** The report of that name; throws BAD_OPTION naming those there are. */
export function reportNamed(name: string): Report {
  const found = REPORTS.find((report) => report.name === name)
  if (found === undefined) {
    const names = REPORTS.map((report) => report.name).join(', ')
    throw new ProbeError('BAD_OPTION', `--format got ${JSON.stringify(name)}; it takes ${names}`)
  }
  return found
}
