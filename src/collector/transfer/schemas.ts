/** The shapes of `GET /v1/export` and `POST /v1/import`. */
import type { Readable } from 'node:stream'
import { Type } from 'typebox'
import { RunId } from '../http/schemas.ts'
import { CONFLICTS } from './apply.ts'

const oneOrMore = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { description }))

export const ExportQuery = Type.Object({
  campaign: oneOrMore('runs of this campaign; may be given more than once'),
  run: oneOrMore('this run; may be given more than once'),
})

export const ExportBody = Type.Unsafe<Readable>({
  type: 'string',
  description: 'plugpull.export/1 (docs/RETENTION.md)',
})

const count = Type.Integer({ minimum: 0 })
const tally = Type.Object({ stored: count, same: count }, { description: 'new here, and here already' })

export const ImportedBody = Type.Object({
  run: tally,
  log: tally,
  cut: tally,
  verdict: tally,
  bytes: Type.Integer({ minimum: 0, description: 'bytes of log that are new here' }),
  complete: Type.Integer({ minimum: 0, description: 'runs that ended in the request, their logs compared by digest' }),
  pruned: Type.Integer({ minimum: 0, description: 'runs whose log was pruned here: it stays away' }),
  conflicts: Type.Array(Type.Object({ run: RunId, kind: Type.Enum([...CONFLICTS]), message: Type.String() }), {
    description: 'runs that are there with other content; the rest of such a run was left out',
  }),
})
