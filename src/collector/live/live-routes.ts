/** `GET /v1/live` and `GET /v1/events`: what goes on, once and then change by change. */
import { Type } from 'typebox'
import { LIVE_SCHEMA, type LiveView } from '../../core/view/live-view.ts'
import type { Caller } from '../access/caller.ts'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { refusals } from '../http/schemas.ts'
import { LISTENERS_MAX, LISTENERS_OF_ONE_MAX, LiveHub } from './hub.ts'
import { liveView } from './live-view.ts'

const Lines = Type.Array(
  Type.Object(
    { run: Type.String(), campaign: Type.String(), changedAt: Type.String() },
    { additionalProperties: true },
  ),
)
const LiveBody = Type.Unsafe<LiveView>(
  Type.Object({
    schema: Type.Literal(LIVE_SCHEMA),
    cursor: Type.String({ description: 'the Last-Event-ID with which /v1/events goes on from here' }),
    agents: Lines,
    cuts: Lines,
    verdicts: Lines,
  }),
)
const EventsHeaders = Type.Object(
  { 'last-event-id': Type.Optional(Type.String({ format: 'date-time', description: 'go on from this event' })) },
  { additionalProperties: true },
)

export function addLiveRoutes(app: CollectorServer, { store, metrics, now, gate }: RouteContext): void {
  const hub = new LiveHub({
    store,
    now,
    failed: (error) => app.log.warn({ err: error }, 'the store could not be read for the live view'),
  })
  // Before the server waits for its connections: streams would keep it for ever.
  app.addHook('preClose', async () => hub.close())

  app.route({
    method: 'GET',
    url: '/v1/live',
    schema: {
      summary: 'Runs under way, and the newest cuts and verdicts',
      response: { 200: LiveBody, ...refusals },
    },
    handler: () => liveView(store, now()),
  })

  app.route({
    method: 'GET',
    url: '/v1/events',
    schema: {
      summary: 'The same change by change, as server-sent events that resume',
      headers: EventsHeaders,
      produces: ['text/event-stream'],
      response: { 200: Type.Unsafe<string>({ type: 'string' }), ...refusals },
    },
    handler: async (request, reply) => {
      const caller = gate.callerOf(request)
      refuseWithoutRoom(hub, caller)
      reply.hijack()
      const { raw } = reply
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) raw.setHeader(name, value)
      raw.setHeader('content-type', 'text/event-stream; charset=utf-8')
      raw.setHeader('cache-control', 'no-store')
      // nginx would keep events back until its buffer is full.
      raw.setHeader('x-accel-buffering', 'no')
      raw.writeHead(200)
      metrics.liveClients.inc()
      raw.once('close', () => metrics.liveClients.dec())
      await hub.listen(reply.raw, caller?.id ?? request.ip, request.headers['last-event-id'])
    },
  })
}

/** Where nobody needs a token all are one caller: they share what there is. */
function refuseWithoutRoom(hub: LiveHub, caller: Caller | undefined): void {
  if (hub.isFull)
    throw new ApiError(
      'TOO_MANY_LISTENERS',
      `${LISTENERS_MAX} clients listen to this collector already, which is all it takes; close some, or come back later`,
    )
  if (caller === undefined || caller.by === 'loopback' || hub.countOf(caller.id) < LISTENERS_OF_ONE_MAX) return
  throw new ApiError(
    'TOO_MANY_LISTENERS',
    `${LISTENERS_OF_ONE_MAX} clients listen with the token ${caller.name} already, which is all that one may; close some, or use another token`,
  )
}
