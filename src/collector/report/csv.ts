/**
 * The runs as CSV (RFC 4180: CRLF, quotes doubled), with a header, oldest first.
 *
 * Spreadsheets take a cell that begins with = + - @, a tab or a line break for a formula, and a campaign's name is
 * whatever somebody called it: such a text is led by an apostrophe, which spreadsheets show as text.
 */
import type { RunSummary } from '../../core/campaign/campaign.ts'
import { FINDING_KINDS } from '../../core/finding.ts'
import type { ReportFormat } from './format.ts'

type Cell = string | number | boolean | undefined
type Row = readonly [run: RunSummary, cycle: number]

const HAZARDS = ['lost', 'torn', 'reordered', 'corrupt'] as const

/** Name of the column → its value; empty where nothing is known. docs/REPORTS.md lists the same. */
const COLUMNS: readonly (readonly [name: string, of: (...row: Row) => Cell])[] = [
  ['cycle', (_, cycle) => cycle],
  ['run', ({ run }) => run],
  ['campaign', ({ campaign }) => campaign],
  ['created_at', ({ createdAt }) => createdAt],
  ['log_bytes', ({ bytes }) => bytes],
  ['cut', ({ cut }) => cut?.kind],
  ['cut_at', ({ cut }) => cut?.at],
  ['cut_died', ({ cut }) => cut?.died],
  ['verdict', ({ verdict }) => verdict?.verdict],
  ['inconclusive_because', ({ verdict }) => verdict?.inconclusiveBecause.join('; ')],
  ['contract', ({ verdict }) => verdict?.contract],
  ...FINDING_KINDS.map(
    (kind) => [`violation_${kind}`, ({ verdict }: RunSummary): Cell => verdict?.violations[kind]] as const,
  ),
  ...HAZARDS.map((kind) => [`hazard_${kind}`, ({ verdict }: RunSummary): Cell => verdict?.hazards[kind]] as const),
  ['lied_flushes', ({ verdict }) => verdict?.liedFlushes],
  ['lost_writes', ({ verdict }) => verdict?.exposure.lostWrites],
  ['lost_bytes', ({ verdict }) => verdict?.exposure.lostBytes],
  ['oldest_lost_ms', ({ verdict }) => verdict?.exposure.oldestLostMs],
  ['stable_sectors', ({ verdict }) => verdict?.checked.stableSectors],
  ['complete_writes', ({ verdict }) => verdict?.checked.completeWrites],
  ['flushes', ({ verdict }) => verdict?.checked.flushes],
]

export const CSV_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name)

export const csv: ReportFormat = {
  name: 'csv',
  summary: 'CSV (RFC 4180) with a header: a run each, oldest first',
  mediaType: 'text/csv; charset=utf-8; header=present',
  extension: 'csv',
  render: ({ runs }) =>
    [CSV_COLUMNS, ...runs.map((run, index) => COLUMNS.map(([, of]) => of(run, index + 1)))]
      .map((cells) => `${cells.map(cellText).join(',')}\r\n`)
      .join(''),
}

const FORMULA = /^[=+\-@\t\r\n]/

function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell)
  const safe = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
