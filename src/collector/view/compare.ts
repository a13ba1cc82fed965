/** `GET /v1/compare`: two campaigns held against each other, the document of `plugpull compare --json`. */
import { comparisonOf } from '../../core/campaign/compare.ts'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { refusals } from '../http/schemas.ts'
import { campaignView } from './campaign-view.ts'
import { CompareBody, CompareQuery } from './schemas.ts'

export function addCompareRoute(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/compare',
    schema: {
      summary: 'Whether two campaigns differ, in a sentence, and what difference could have been seen',
      querystring: CompareQuery,
      response: { 200: CompareBody, ...refusals },
    },
    handler: async (request) => {
      const { a, b } = request.query
      if (a === b)
        throw new ApiError('BAD_REQUEST', `a and b are both ${JSON.stringify(a)}; they take two different campaigns`)
      return comparisonOf(await campaignView(store, a), await campaignView(store, b))
    },
  })
}
