/** `GET /v1/export` and `POST /v1/import`: the two ends of carrying runs between collectors. */
import { Readable } from 'node:stream'
import { ProbeError } from '../../core/errors.ts'
import { ApiError } from '../http/api-error.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import * as common from '../http/schemas.ts'
import { applyLines } from './apply.ts'
import { decodeLine, splitLines } from './codec.ts'
import { exportRuns, type Selection, selectRuns } from './export-runs.ts'
import { LINE_BYTES_MAX, type RunPart } from './line.ts'
import { verdictFault } from '../http/verdict-check.ts'
import * as schema from './schemas.ts'

export const NDJSON = 'application/x-ndjson'
/** A line may be sent alone whatever its size, with its run line. */
const IMPORT_BYTES_MAX = LINE_BYTES_MAX + (4 << 20)

/** Clocks differ; a run of next year would stand before all others until then. */
const AHEAD_MAX_MS = 24 * 60 * 60 * 1000

export function addTransferRoutes(app: CollectorServer, context: RouteContext): void {
  app.addContentTypeParser(NDJSON, { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  addExport(app, context)
  addImport(app, context)
}

function addExport(app: CollectorServer, { store, version, now }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/export',
    exposeHeadRoute: false,
    schema: {
      summary: 'Runs with their logs, cuts and verdicts, as plugpull.export/1',
      querystring: schema.ExportQuery,
      produces: [NDJSON],
      response: { 200: schema.ExportBody, ...common.refusals },
    },
    handler: async (request, reply) => {
      const runs = await selectRuns(store, selectionOf(request.query))
      reply.type(NDJSON)
      const lines = exportRuns(store, runs, { program: version, at: now() })
      const stream = Readable.from(lines, { objectMode: false })
      // The head is sent by then: the client sees an export without an end, the reason is in our log.
      stream.on('error', (error) => {
        if (error instanceof ProbeError) request.log.error({ err: error }, 'export not written to its end')
      })
      return reply.send(stream)
    },
  })
}

function addImport(app: CollectorServer, { store, now }: RouteContext): void {
  app.route({
    method: 'POST',
    url: '/v1/import',
    bodyLimit: IMPORT_BYTES_MAX,
    schema: {
      summary: 'Stores lines of an export, exactly once however often they are sent',
      consumes: [NDJSON],
      response: { 200: schema.ImportedBody, ...common.refusals },
    },
    handler: async (request) => {
      const lines = await linesOf(request.body, Date.parse(now()) + AHEAD_MAX_MS)
      const applied = await applyLines(store, lines)
      for (const conflict of applied.conflicts) request.log.warn(conflict, 'not imported')
      return { ...applied, conflicts: [...applied.conflicts] }
    },
  })
}

const selectionOf = ({ campaign, run }: { campaign?: string | string[]; run?: string | string[] }): Selection => ({
  campaigns: campaign === undefined ? [] : [campaign].flat(),
  runs: run === undefined ? [] : [run].flat(),
})

/** Every line of the body that speaks of a run. Throws BAD_REQUEST at the first that is not right; then nothing is stored. */
async function linesOf(body: unknown, latestMs: number): Promise<readonly RunPart[]> {
  if (!(body instanceof Uint8Array)) throw new ApiError('MEDIA_TYPE', `an import takes ${NDJSON}`)
  const lines: RunPart[] = []
  const known = new Set<string>()
  for await (const raw of splitLines(one(body), LINE_BYTES_MAX)) {
    const read =
      raw.kind === 'raw' ? decodeLine(raw.bytes) : ({ kind: 'wrong', why: 'it is too long for a line' } as const)
    if (read.kind === 'wrong') throw badLine(raw.number, read.why)
    if (read.kind === 'unknown' || read.line.kind === 'header' || read.line.kind === 'end') continue
    const fault = await faultOf(read.line, latestMs)
    if (fault !== undefined) throw badLine(raw.number, fault)
    if (read.line.kind === 'run') known.add(read.line.run)
    if (!known.has(read.line.run))
      throw badLine(raw.number, `the run line of ${read.line.run} must stand before it, in the same request`)
    lines.push(read.line)
  }
  return lines
}

/** What is wrong with what a line carries. */
async function faultOf(line: RunPart, latestMs: number): Promise<string | undefined> {
  if (line.kind === 'verdict') return verdictFault(line.verdict)
  return line.kind !== 'run' || Date.parse(line.createdAt) <= latestMs
    ? undefined
    : `createdAt is ${line.createdAt}, which is no time or more than a day ahead`
}

const badLine = (number: number, why: string): ApiError =>
  new ApiError('BAD_REQUEST', `line ${number}: ${why}; nothing of the request was kept`)

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
