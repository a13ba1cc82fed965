/**
 * The page for people: its files under `/assets/`, and the document at every other address that a browser opens, because
 * each view has an address of its own. What the views show they ask of the API.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from './api-error.ts'
import { type PageFile, pageFile, readPageFiles } from './page-files.ts'
import type { CollectorServer } from './route-context.ts'
import * as schema from './schemas.ts'

const HTML = 'text/html; charset=utf-8'

const UNBUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>plugpull</title></head>
<body><h1>The page is not built</h1>
<p>The collector runs and its API answers, but this checkout has no dist/web. Run <code>npm run check</code>, or start the
collector by <code>npx plugpull collector</code>, which builds what is missing; then start it again.</p></body></html>
`

export function addPage(app: CollectorServer): void {
  const files = readPageFiles()
  const documents = new Map<number, PageFile>()
  const documentAt = (depth: number): PageFile => {
    const known = documents.get(depth) ?? pageFile(Buffer.from(indexAt(files?.index ?? UNBUILT, depth)), HTML)
    documents.set(depth, known)
    return known
  }
  const answerPage = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    reply.header('cache-control', 'no-cache')
    return answerFile(request, reply, documentAt(depthOf(request.url)))
  }
  app.route({
    method: 'GET',
    url: '/',
    schema: {
      summary: 'The page for people',
      security: [],
      produces: ['text/html'],
      response: { 200: schema.HtmlBody },
    },
    handler: (request, reply) => {
      answerPage(request, reply)
    },
  })
  app.route<{ Params: { name: string } }>({
    method: 'GET',
    url: '/assets/:name',
    schema: { hide: true },
    handler: (request, reply) => {
      const file = files?.assets.get(request.params.name)
      if (file === undefined) throw noSuchAddress(request)
      return answerFile(request, reply.header('cache-control', 'public, max-age=31536000, immutable'), file)
    },
  })
  app.route({
    method: 'GET',
    url: '/*',
    schema: { hide: true },
    handler: (request, reply) => {
      if (!isView(request)) throw noSuchAddress(request)
      return answerPage(request, reply)
    },
  })
}

export const noSuchAddress = ({ method, url }: FastifyRequest): ApiError =>
  new ApiError('NOT_FOUND', `there is no ${method} ${url}; GET /openapi.json lists what there is`)

const DEPTH_MAX = 8

/** A browser opens it: it names HTML among what it takes, which programs do not. */
const isView = ({ url, headers }: FastifyRequest): boolean =>
  !url.startsWith('/v1/') && (headers.accept ?? '').includes('text/html') && depthOf(url) <= DEPTH_MAX

/** How many folders down the address lies, as it came: `/runs/1` is one. */
function depthOf(url: string): number {
  const [path = '/'] = url.split('?', 1)
  return path.split('/').length - 2
}

/** Addresses of files are relative, up to the folder of the page: so a proxy may serve the collector below any path. */
const indexAt = (index: string, depth: number): string =>
  depth === 0 ? index : index.replaceAll('="./', `="${'../'.repeat(depth)}`)

function answerFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply.header('etag', file.etag).header('vary', 'accept-encoding')
  if (matches(request.headers['if-none-match'], file.etag)) return reply.code(304).send()
  reply.type(file.type)
  const { 'accept-encoding': encodings = '' } = request.headers
  if (!/\bgzip\b/.test(encodings)) return reply.send(file.bytes)
  return reply.header('content-encoding', 'gzip').send(file.gzipped)
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined && header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag || one.trim() === '*')
