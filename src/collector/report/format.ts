/**
 * What a report format is: a rendering of a campaign's report, and nothing else. One format a file beside this one;
 * registry.ts lists them. A format never decides anything: it tells what report-data.ts gathered.
 */
import type { Report } from './report-data.ts'

export interface ReportFormat {
  readonly name: string
  /** For the help and the documentation. */
  readonly summary: string
  /** As the `content-type` of an answer. */
  readonly mediaType: string
  /** Of a file's name, without the dot. */
  readonly extension: string
  /** The whole document, ending in a line feed. */
  render(report: Report): string
}
