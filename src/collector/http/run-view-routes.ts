/** What the run view of the page is made from, each with an address of its own: map, timeline, findings, stories, the manifest. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { BLOCKS_MAX, gridOf } from '../../core/map/block-map.ts'
import { BUCKETS_DEFAULT, BUCKETS_MAX } from '../../core/map/run-timeline.ts'
import { askerOf } from '../view/run/asker.ts'
import { mapDocument, storyDocument } from '../view/run/documents.ts'
import { FINDINGS_PAGE_DEFAULT, findingsPage } from '../view/run/findings-page.ts'
import type { Plane } from '../view/run/messages.ts'
import { RunViews, type ToldMap, versionOf } from '../view/run/run-views.ts'
import type { RunHead } from '../../core/campaign/campaign.ts'
import { ApiError } from './api-error.ts'
import { type CollectorServer, knownHead, type RouteContext } from './route-context.ts'
import * as shape from './schemas-run-view.ts'
import { RunParams, refusals } from './schemas.ts'

const OCTETS = 'application/octet-stream'
/** Grid of a map in its binary form, and what is not on it. */
export const MAP_HEADER = 'plugpull-map'

export function addRunViewRoutes(app: CollectorServer, context: RouteContext): void {
  const views = new RunViews(context.store)
  app.addHook('onClose', () => views.close())
  addMap(app, context, views)
  addTimeline(app, context, views)
  addFindings(app, context, views)
  addStory(app, context, views)
  addManifest(app, context)
}

function addMap(app: CollectorServer, { store, gate }: RouteContext, views: RunViews): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/map',
    schema: {
      summary: 'The state of every block of the region: as run lengths, or one byte a block',
      description: `Accept: ${OCTETS} gives the bytes; header ${MAP_HEADER} then has the grid as JSON, and what is not on the map.`,
      params: RunParams,
      querystring: shape.MapQuery,
      produces: ['application/json', OCTETS],
      response: { 200: shape.MapBody, 304: shape.Unchanged, ...refusals },
    },
    handler: async (request, reply) => {
      const view = await knownHead(store, request.params.run)
      requireLog(view)
      const { block, plane = 'states', from } = request.query
      const blockBytes = block === undefined ? undefined : blockOf(Number(block), view)
      const isBinary = request.headers.accept?.includes(OCTETS) === true
      const tag = `${versionOf(view)}-${block ?? 'auto'}-${isBinary ? plane : `json-${from ?? 0}`}`
      reply.header('vary', 'accept, accept-encoding').header('cache-control', 'private, no-cache')
      if (isKnown(request, reply, tag)) return reply.code(304).send('')
      const map = await views.map(view, blockBytes, askerOf(gate, request, reply))
      if (!isBinary) return mapDocument(view, map, Number(from ?? 0))
      return sendPlane(request, reply, map, plane === 'states' ? map.states : map.writes)
    },
  })
}

function sendPlane(request: FastifyRequest, reply: FastifyReply, { grid, gaps }: ToldMap, { bytes, gzip }: Plane) {
  reply.type(OCTETS).header(MAP_HEADER, JSON.stringify({ ...grid, ...gaps }))
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (gzip !== undefined && takesGzip) return reply.header('content-encoding', 'gzip').send(bufferOf(gzip))
  return reply.send(bufferOf(bytes))
}

const bufferOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length)

/** A power of two that leaves a map of bearable size. */
function blockOf(bytes: number, { manifest }: Pick<RunHead, 'manifest'>): number {
  if (bytes < 512 || !Number.isInteger(Math.log2(bytes)))
    throw new ApiError('BAD_REQUEST', `querystring/block got ${bytes}; it takes a power of two from 512`)
  const { blocks } = gridOf(manifest.plan, bytes)
  if (blocks <= BLOCKS_MAX) return bytes
  throw new ApiError(
    'BAD_REQUEST',
    `querystring/block of ${bytes} bytes makes ${blocks} blocks; at most ${BLOCKS_MAX} are drawn, so ask for larger ones`,
  )
}

/** Sets the entity tag; true where the client has this very answer. */
function isKnown(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', `"${tag}"`)
  return request.headers['if-none-match']?.includes(`"${tag}"`) === true
}

/** Throws LOG_PRUNED. */
function requireLog({ run, logPruned }: Pick<RunHead, 'run' | 'logPruned'>): void {
  if (logPruned === undefined) return
  throw new ApiError(
    'LOG_PRUNED',
    `the log of run ${run} was pruned at ${logPruned}, and map, timeline and stories are drawn from it; GET /v1/runs/${run}/findings has what was found`,
  )
}

function addTimeline(app: CollectorServer, { store, gate }: RouteContext, views: RunViews): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/timeline',
    schema: {
      summary: 'Writes, flushes and windows over time, with their latencies; single events where there are few',
      params: RunParams,
      querystring: shape.TimelineQuery,
      response: { 200: shape.TimelineBody, 304: shape.Unchanged, ...refusals },
    },
    handler: async (request, reply) => {
      const view = await knownHead(store, request.params.run)
      requireLog(view)
      const { from, to } = request.query
      const buckets = Number(request.query.buckets ?? BUCKETS_DEFAULT)
      if (buckets > BUCKETS_MAX)
        throw new ApiError('BAD_REQUEST', `querystring/buckets got ${buckets}; at most ${BUCKETS_MAX} are told`)
      if (from !== undefined && to !== undefined && Number(from) >= Number(to))
        throw new ApiError('BAD_REQUEST', `querystring/from got ${from}, which is not before to, ${to}`)
      reply.header('cache-control', 'private, no-cache')
      if (isKnown(request, reply, `${versionOf(view)}-${from ?? ''}-${to ?? ''}-${buckets}`))
        return reply.code(304).send('')
      const span = {
        ...(from === undefined ? {} : { fromMs: Number(from) }),
        ...(to === undefined ? {} : { toMs: Number(to) }),
      }
      return views.timeline(view, { buckets, ...span }, askerOf(gate, request, reply))
    },
  })
}

function addFindings(app: CollectorServer, { store }: RouteContext, views: RunViews): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/findings',
    schema: {
      summary: 'The findings of the newest verdict in brief, filtered, by pages',
      params: RunParams,
      querystring: shape.FindingsQuery,
      response: { 200: shape.FindingsBody, ...refusals },
    },
    handler: async (request) => {
      const view = await knownHead(store, request.params.run)
      const { kind, severity, lba, sectors, offset, limit } = request.query
      return findingsPage(await views.verdict(view), view.verdicts.at(-1)?.number ?? 1, {
        offset: Number(offset ?? 0),
        limit: Number(limit ?? FINDINGS_PAGE_DEFAULT),
        ...(kind === undefined ? {} : { kind }),
        ...(severity === undefined ? {} : { severity }),
        ...(lba === undefined ? {} : { lba: Number(lba) }),
        ...(sectors === undefined ? {} : { sectors: Number(sectors) }),
      })
    },
  })
}

function addStory(app: CollectorServer, { store, gate }: RouteContext, views: RunViews): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/findings/:number',
    schema: {
      summary: 'The story of one finding: what plugpull explain --json says, and how to see it again',
      params: shape.FindingParams,
      response: { 200: shape.StoryBody, ...refusals },
    },
    handler: async (request, reply) => {
      const view = await knownHead(store, request.params.run)
      requireLog(view)
      return storyDocument(await views.story(view, Number(request.params.number), askerOf(gate, request, reply)))
    },
  })
}

function addManifest(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/runs/:run/manifest',
    schema: {
      summary: 'The manifest of a run as it was sent',
      params: RunParams,
      response: { 200: shape.ManifestBody, ...refusals },
    },
    handler: async (request, reply) => {
      const { run, manifest } = await knownHead(store, request.params.run)
      reply.header('content-disposition', `inline; filename="${run}.manifest.json"`)
      return manifest
    },
  })
}
