/** `POST /v1/prune`: what `plugpull prune --collector` asks for. */
import { Type } from 'typebox'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { refusals } from '../http/schemas.ts'
import { timeAt } from '../http/time.ts'
import { WHAT } from './policy.ts'

const count = Type.Integer({ minimum: 0 })

const PruneBody = Type.Object(
  {
    what: Type.Enum([...WHAT]),
    before: Type.Optional(Type.String({ format: 'date-time', description: 'only runs created before; ISO 8601' })),
    keepBytes: Type.Optional(
      Type.Integer({ minimum: 0, description: 'only as many of the oldest as must go for the logs left to fit' }),
    ),
    dryRun: Type.Boolean({ description: 'only tell what would go' }),
  },
  // A mistyped limit must not be taken for none.
  { additionalProperties: false },
)

export const PrunedBody = Type.Object({
  runs: count,
  bytes: Type.Integer({ minimum: 0, description: 'bytes of log that went, or would' }),
  spared: Type.Integer({ minimum: 0, description: 'runs that stay because they have no verdict' }),
})

export function addRetentionRoutes(app: CollectorServer, { store, now }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/prune',
    schema: {
      summary: 'Removes the logs of old runs, or the runs; never of one without a verdict',
      body: PruneBody,
      response: { 200: PrunedBody, ...refusals },
    },
    handler: async (request) => {
      const { before, keepBytes, ...order } = request.body
      if (before === undefined && keepBytes === undefined)
        throw new ApiError('BAD_REQUEST', 'body must have before or keepBytes: without either nothing is old')
      const pruned = await store.prune({
        ...order,
        at: now(),
        ...(before === undefined ? {} : { before: timeAt('body/before', before) }),
        ...(keepBytes === undefined ? {} : { keepBytes }),
      })
      if (!order.dryRun) request.log.info({ ...request.body, ...pruned }, 'pruned')
      return pruned
    },
  })
}
