/** The report as one JSON document, plugpull.report/1: what every other format is made from. */
import type { ReportFormat } from './format.ts'

export const json: ReportFormat = {
  name: 'json',
  summary: 'one JSON document, plugpull.report/1: all that the other formats are made from',
  mediaType: 'application/json; charset=utf-8',
  extension: 'json',
  render: (report) => `${JSON.stringify(report, undefined, 2)}\n`,
}
