/** The verdict as it is: schema `plugpull.verdict/1`, for programs. */
import type { Report } from './report.ts'

export const json: Report = {
  name: 'json',
  summary: 'the plugpull.verdict/1 document',
  drawsPictures: false,
  render: ({ verdict }) => `${JSON.stringify(verdict, null, 2)}\n`,
}
