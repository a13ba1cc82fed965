/** `GET /metrics`, for Prometheus; and the counting of what is answered. */
import { performance } from 'node:perf_hooks'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { HtmlBody, refusals } from '../http/schemas.ts'
import { StoreFigures } from './store-figures.ts'

export function addMetricsRoutes(app: CollectorServer, { store, metrics }: RouteContext): void {
  const figures = new StoreFigures(store, metrics.registry, () => performance.timeOrigin + performance.now())
  app.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.method, request.routeOptions.url ?? 'none', reply.statusCode)
  })
  app.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      summary: 'What the collector counts, in the text format of Prometheus',
      produces: ['text/plain'],
      response: { 200: HtmlBody, ...refusals },
    },
    handler: async (_request, reply) => {
      await figures.refresh()
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    },
  })
}
