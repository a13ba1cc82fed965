/**
 * `plugpull.export/1`: runs as lines of JSON, for carrying them from one collector to another (docs/RETENTION.md).
 *
 * A file is a header, then for each run its `run` line, the pieces of its log, its cut, its verdicts and a `run-end`, and
 * an `end` with counts. Every line names its run and carries a checksum of itself, so each can be judged and stored alone.
 */
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { CutRecord } from '../../core/campaign/campaign.ts'
import { isDeeperThan } from '../../core/depth.ts'
import { manifestFault } from '../../core/manifest-shape.ts'
import { canonicalTime } from '../../core/time.ts'
import { Campaign, Cut, ManifestBody, Progress, RunId, VerdictBody } from '../http/schemas.ts'

export const EXPORT_SCHEMA = 'plugpull.export/1'

/** Bytes of log in one line at most, as they are; base64 makes a third more of them. */
export const LOG_PART_BYTES = 256 << 10
/** No line is longer: a verdict may have 64 MiB as it came, and a number can grow when it is written anew. */
export const LINE_BYTES_MAX = 80 << 20

/** What POST of a cut takes, in characters that may be written otherwise there. */
const CUT_LENGTH_MAX = 64 << 10
/** No document of ours is nested so deep. */
const DEPTH_MAX = 40

const open = { additionalProperties: true }
const count = Type.Integer({ minimum: 0 })
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
/** Brought to the form in which the store compares times once it is read. */
const time = Type.String()

const Header = Type.Object(
  {
    kind: Type.Literal('header'),
    schema: Type.Literal(EXPORT_SCHEMA),
    /** Version of the program that wrote it. */
    program: Type.String(),
    at: time,
  },
  open,
)

const RunHead = Type.Object(
  {
    kind: Type.Literal('run'),
    run: RunId,
    campaign: Campaign,
    createdAt: time,
    manifest: ManifestBody,
    /** What of the log is in this file, and its digest. */
    logBytes: count,
    logSha256: sha256,
    progress: Type.Optional(Progress),
    /** When the log was pruned, and how long it was: then there is none in the file. */
    logPruned: Type.Optional(Type.Object({ at: time, bytes: count }, open)),
    /** Digest of the key that appends to the run carry. */
    keyHash: Type.Optional(sha256),
    /** Only in what is sent slice by slice: the run began in an earlier slice, and is not made anew where it is gone since. */
    continued: Type.Optional(Type.Literal(true)),
  },
  open,
)

const LogPart = Type.Object(
  { kind: Type.Literal('log'), run: RunId, offset: count, bytes: Type.String({ minLength: 1 }) },
  open,
)

const CutLine = Type.Object({ kind: Type.Literal('cut'), run: RunId, cut: Type.Unsafe<CutRecord>(Cut) }, open)

const VerdictLine = Type.Object(
  {
    kind: Type.Literal('verdict'),
    run: RunId,
    number: Type.Integer({ minimum: 1, maximum: 999_999_999 }),
    at: time,
    verdict: VerdictBody,
  },
  open,
)

const RunEnd = Type.Object({ kind: Type.Literal('run-end'), run: RunId, cuts: count, verdicts: count }, open)

const End = Type.Object({ kind: Type.Literal('end'), runs: count, logBytes: count, cuts: count, verdicts: count }, open)

export type Header = Static<typeof Header>
export type RunHead = Static<typeof RunHead>
export type LogPart = Static<typeof LogPart>
export type CutLine = Static<typeof CutLine>
export type VerdictLine = Static<typeof VerdictLine>
export type RunEnd = Static<typeof RunEnd>
export type End = Static<typeof End>

export type Line = Header | RunHead | LogPart | CutLine | VerdictLine | RunEnd | End
/** A line that speaks of a run. */
export type RunPart = RunHead | LogPart | CutLine | VerdictLine | RunEnd

/** What each kind of line must look like. A kind that is not here is an addition of a later version. */
const SHAPES = {
  header: Compile(Header),
  run: Compile(RunHead),
  log: Compile(LogPart),
  cut: Compile(CutLine),
  verdict: Compile(VerdictLine),
  'run-end': Compile(RunEnd),
  end: Compile(End),
}

export type Kind = keyof typeof SHAPES

const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(SHAPES, kind)

/** A line as it was read. */
export type Read =
  | { readonly kind: 'line'; readonly line: Line }
  /** Of a kind that this version does not know. */
  | { readonly kind: 'unknown'; readonly name: string }
  | { readonly kind: 'wrong'; readonly why: string }

/** What a value is, parsed from a line whose checksum is right. */
export function lineOf(value: unknown): Read {
  const kind: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'kind') : undefined
  if (isDeeperThan(value, DEPTH_MAX)) return { kind: 'wrong', why: `it is nested more than ${DEPTH_MAX} deep` }
  if (typeof kind !== 'string') return { kind: 'wrong', why: 'it has no "kind"' }
  if (!isKind(kind)) return { kind: 'unknown', name: kind.slice(0, 40) }
  if (!isLine(kind, value)) return { kind: 'wrong', why: misshape(kind, value) }
  const why = disagreement(value)
  if (why !== undefined) return { kind: 'wrong', why }
  return inCanonicalTimes(value)
}

/** The line with its times as the store compares them. */
function inCanonicalTimes(line: Line): Read {
  if (line.kind === 'header' || line.kind === 'verdict') {
    const at = canonicalTime(line.at)
    return at === undefined ? noTime(line.kind, 'at', line.at) : { kind: 'line', line: { ...line, at } }
  }
  if (line.kind !== 'run') return { kind: 'line', line }
  const { logPruned, ...rest } = line
  const createdAt = canonicalTime(line.createdAt)
  if (createdAt === undefined) return noTime('run', 'createdAt', line.createdAt)
  if (logPruned === undefined) return { kind: 'line', line: { ...rest, createdAt } }
  const at = canonicalTime(logPruned.at)
  if (at === undefined) return noTime('run', 'logPruned/at', logPruned.at)
  return { kind: 'line', line: { ...rest, createdAt, logPruned: { ...logPruned, at } } }
}

const noTime = (kind: Kind, name: string, text: string): Read => ({
  kind: 'wrong',
  why: `${kind}/${name} is no time: ${brief(text)}`,
})

/** What is wrong with the shape of a value that is not a line of its kind. */
function misshape(kind: Kind, value: unknown): string {
  const schema: unknown = Reflect.get(Object(value), 'schema')
  if (kind === 'header' && schema !== EXPORT_SCHEMA)
    return `it is in format ${brief(schema)}, this program reads ${EXPORT_SCHEMA}`
  const [error] = SHAPES[kind].Errors(value)
  return `${kind}${error?.instancePath ?? ''} ${error?.message ?? 'is not as it should be'}`
}

const isLine = (kind: Kind, value: unknown): value is Line => SHAPES[kind].Check(value)

/** A manifest or a verdict of another run than the line's, or one that is none. */
function disagreement(line: Line): string | undefined {
  if (line.kind === 'run' && (line.manifest.run !== line.run || line.manifest.campaign !== line.campaign))
    return `its manifest is of run ${brief(line.manifest.run)} in campaign ${brief(line.manifest.campaign)}`
  const fault = line.kind === 'run' ? manifestFault(line.manifest) : undefined
  if (fault !== undefined) return `run/manifest${fault}`
  if (line.kind === 'cut' && JSON.stringify(line.cut).length > CUT_LENGTH_MAX)
    return `its cut takes more than ${CUT_LENGTH_MAX} characters`
  if (line.kind === 'verdict' && line.verdict.run !== line.run)
    return `its verdict is of run ${brief(line.verdict.run)}`
  return undefined
}

const brief = (value: unknown): string => (JSON.stringify(value) ?? 'none').slice(0, 80)
