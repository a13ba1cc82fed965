/** `GET /v1/matrix`: the Matrix view as JSON. */
import { type Static, Type } from 'typebox'
import { IS_CONTROL } from '../../core/campaign/control.ts'
import { FACETS, type FactsFilter } from '../../core/campaign/facts.ts'
import { CELL_STATES, MATRIX_SCHEMA, type MatrixView } from '../../core/view/matrix-view.ts'
import type { CollectorServer, RouteContext } from '../http/route-context.ts'
import { Proportion, refusals } from '../http/schemas.ts'
import { timeAt } from '../http/time.ts'
import { matrixView } from './matrix.ts'

/** With and without. */
const ANY = '*'

const count = Type.Integer({ minimum: 0 })
const time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })
const value = Type.Optional(Type.String({ description: 'only runs with this value; empty: those that do not tell' }))

const MatrixQuery = Type.Object({
  from: Type.Optional(time),
  to: Type.Optional(time),
  rig: value,
  cache: value,
  image: value,
  cut: value,
  bus: value,
  fault: Type.Optional(
    Type.String({ description: 'only runs with this injected fault; `*`: with and without; absent: without' }),
  ),
  control: Type.Optional(
    Type.String({
      description: '`yes`: only positive controls, whatever they lie by; `*`: with and without; absent: without',
    }),
  ),
  qemu: value,
  kernel: value,
  host: value,
  workload: value,
  contract: value,
})

const words = { held: count, violation: count, inconclusive: count }
const State = Type.Enum([...CELL_STATES])

const MatrixBody = Type.Unsafe<MatrixView>(
  Type.Object({
    schema: Type.Literal(MATRIX_SCHEMA),
    sentence: Type.String({ description: 'which configurations lose data, and how' }),
    more: Type.Array(Type.String({ description: 'the rest of them, and what the cuts so far could have missed' })),
    runs: count,
    verified: count,
    cells: Type.Array(
      Type.Object({
        rig: Type.String(),
        cut: Type.String(),
        image: Type.String(),
        cache: Type.String(),
        fault: Type.String({ description: 'the injected fault; empty: none' }),
        control: Type.String({ description: '`yes`: a positive control' }),
        state: State,
        runs: count,
        verified: count,
        withoutCut: count,
        violationWithoutCut: Type.Integer({ minimum: 0, description: 'runs that broke a promise without a cut' }),
        ...words,
        telling: Type.Integer({ minimum: 0, description: 'runs of which what is not found did not happen' }),
        lost: count,
        torn: count,
        reordered: count,
        other: count,
        lostBytes: count,
        oldestLostMs: Type.Number({ minimum: 0 }),
        lastAt: time,
        rates: Type.Object({ violation: Proportion, lost: Proportion, torn: Proportion, reordered: Proportion }),
        campaigns: Type.Array(
          Type.Object({ campaign: Type.String(), state: State, runs: count, ...words, lastAt: time }),
        ),
      }),
    ),
    facets: Type.Record(Type.Enum([...FACETS]), Type.Array(Type.String())),
  }),
)

export function addMatrixRoute(app: CollectorServer, { store }: RouteContext): void {
  app.route({
    method: 'GET',
    url: '/v1/matrix',
    schema: {
      summary: 'Configurations with what came of their cuts: counts, rates with their intervals, campaigns',
      querystring: MatrixQuery,
      response: { 200: MatrixBody, ...refusals },
    },
    handler: async (request) => {
      const [cells, facets] = await Promise.all([store.cells(filterOf(request.query)), store.facets()])
      return matrixView(cells, facets)
    },
  })
}

/** Disks that lie on purpose are left out unless they are asked for; who asks for liars alone wants them whatever they lie by. */
function filterOf({ from, to, fault, control = '', ...filter }: Static<typeof MatrixQuery>): FactsFilter {
  const wantedFault = fault ?? (control === IS_CONTROL ? ANY : '')
  return {
    ...filter,
    ...(from === undefined ? {} : { from: timeAt('querystring/from', from) }),
    ...(to === undefined ? {} : { to: timeAt('querystring/to', to) }),
    ...(wantedFault === ANY ? {} : { fault: wantedFault }),
    ...(control === ANY ? {} : { control }),
  }
}
