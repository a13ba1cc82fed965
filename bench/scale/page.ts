/** The section of docs/OPERATIONS.md that tells what was measured, from docs/bench/scale.json alone. */
import { join } from 'node:path'
import { grouped, table } from '../../trust/words.ts'
import type { ScaleRun } from './measure.ts'

const docs = join(import.meta.dirname, '..', '..', '..', 'docs')
export const DATA_FILE = join(docs, 'bench', 'scale.json')
export const PAGE_FILE = join(docs, 'OPERATIONS.md')

const BEGIN = '<!-- begin: made by npm run bench -- scale -->'
const END = '<!-- end -->'

export interface ScaleData {
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
  readonly runs: readonly ScaleRun[]
}

/** The page with the section as the data have it. */
export function withSection(page: string, data: ScaleData): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE_FILE} has no place for the section`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${sectionOf(data)}\n\n${page.slice(end)}`
}

export function sectionOf(data: ScaleData): string {
  return JSON.stringify(data.runs.length) + table(['x'], [[grouped(1)]])
}
