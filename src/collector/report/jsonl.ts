/** One JSON document a run, oldest first: for jq, DuckDB and whatever reads line by line. */
import type { RunSummary } from '../../core/campaign/campaign.ts'
import type { ReportFormat } from './format.ts'

export const REPORT_RUN_SCHEMA = 'plugpull.report-run/1'

/** A run as the API lists it (GET /v1/runs), and which of its campaign it is. */
export interface ReportRun extends RunSummary {
  readonly schema: typeof REPORT_RUN_SCHEMA
  /** Counted from 1, oldest first. */
  readonly cycle: number
}

export const jsonl: ReportFormat = {
  name: 'jsonl',
  summary: 'one JSON document a line, plugpull.report-run/1: a run each, oldest first',
  mediaType: 'application/x-ndjson; charset=utf-8',
  extension: 'jsonl',
  render: ({ runs }) =>
    runs
      .map((run, index): ReportRun => ({ schema: REPORT_RUN_SCHEMA, cycle: index + 1, ...run }))
      .map((run) => `${JSON.stringify(run)}\n`)
      .join(''),
}
