/** A campaign's report in each format that `plugpull report` prints, under a name to keep it by. */
import { FORMAT_NAMES, formatNamed } from '../report/registry.ts'
import { collectReport, sourceOfStore } from '../report/report-data.ts'
import { ApiError } from './api-error.ts'
import type { CollectorServer, RouteContext } from './route-context.ts'
import { CampaignParams, refusals, ReportBody, ReportQuery } from './schemas.ts'

const FORMAT_DEFAULT = 'json'

/** A page that a browser shows: nothing may be loaded or run, whatever text found its way into a run. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

export function addReportRoutes(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/campaigns/:name/report',
    schema: {
      summary: 'The report of a campaign, in the formats of plugpull report',
      params: CampaignParams,
      querystring: ReportQuery,
      produces: FORMAT_NAMES.flatMap((name) => formatNamed(name)?.mediaType ?? []),
      response: { 200: ReportBody, ...refusals },
    },
    handler: async (request, reply) => {
      const { name } = request.params
      const { format: wanted = FORMAT_DEFAULT, against } = request.query
      const format = formatNamed(wanted)
      if (format === undefined) {
        throw new ApiError('BAD_REQUEST', `querystring/format takes ${FORMAT_NAMES.join(', ')}, got ${wanted}`)
      }
      const report = await collectReport(sourceOfStore(store), name, against)
      const shown = format.name === 'html' ? 'inline' : 'attachment'
      reply.header('content-disposition', dispositionOf(shown, `plugpull-${name}.${format.extension}`))
      if (format.name === 'html') reply.header('content-security-policy', PAGE_POLICY)
      // Whatever it holds, no browser may take it for something else.
      reply.header('x-content-type-options', 'nosniff')
      return reply.type(format.mediaType).send(format.render(report))
    },
  })
}

/** RFC 6266: a plain name for all, and the exact one. Slashes and the like are no part of a file's name. */
function dispositionOf(shown: 'inline' | 'attachment', name: string): string {
  const safe = name.replaceAll(/[\\/:*?"<>|]/g, '-')
  const plain = safe.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll('%', '_')
  const exact = encodeURIComponent(safe).replaceAll(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
  return `${shown}; filename="${plain}"; filename*=UTF-8''${exact}`
}
