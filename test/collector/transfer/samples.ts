/** Lines of exports for tests: made by hand or at random, whole and in order unless a test breaks them. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { encodeLine } from '../../../src/collector/transfer/codec.ts'
import { EXPORT_SCHEMA, type Line, type RunPart } from '../../../src/collector/transfer/line.ts'
import { readExport } from '../../../src/collector/transfer/read-export.ts'
import { lossyVerdict, runId, sampleManifest, sampleVerdict } from '../helpers.ts'

export const AT = '2026-01-01T00:00:00.000Z'
export const HEADER: Line = { kind: 'header', schema: EXPORT_SCHEMA, program: 'test', at: AT }

export interface SampleRun {
  readonly n: number
  readonly campaign: string
  /** The log, in the parts of its lines. */
  readonly parts: readonly Uint8Array[]
  readonly isCut: boolean
  readonly verdicts: number
  readonly text: string
}

export function runLines({ n, campaign, parts, isCut, verdicts, text }: SampleRun): RunPart[] {
  const run = runId(n)
  const lines: RunPart[] = [
    {
      kind: 'run',
      run,
      campaign,
      createdAt: AT,
      manifest: sampleManifest(run, campaign, { text }),
      logBytes: parts.reduce((sum, { length }) => sum + length, 0),
      logSha256: createHash('sha256').update(Buffer.concat(parts)).digest('hex'),
    },
  ]
  let offset = 0
  for (const part of parts) {
    lines.push({ kind: 'log', run, offset, bytes: Buffer.from(part).toString('base64') })
    offset += part.length
  }
  if (isCut) lines.push({ kind: 'cut', run, cut: { kind: 'sigkill', at: AT, died: true, note: text } })
  for (let number = 1; number <= verdicts; number++) {
    const verdict = number % 2 === 0 ? lossyVerdict(run) : sampleVerdict(run)
    lines.push({ kind: 'verdict', run, number, at: AT, verdict })
  }
  lines.push({ kind: 'run-end', run, cuts: isCut ? 1 : 0, verdicts })
  return lines
}

export function exportOf(runs: readonly SampleRun[]): Line[] {
  const logBytes = runs.flatMap(({ parts }) => parts).reduce((sum, { length }) => sum + length, 0)
  const cuts = runs.filter(({ isCut }) => isCut).length
  const verdicts = runs.reduce((sum, run) => sum + run.verdicts, 0)
  return [HEADER, ...runs.flatMap(runLines), { kind: 'end', runs: runs.length, logBytes, cuts, verdicts }]
}

export const bytesOf = (lines: readonly Line[]): Buffer => Buffer.concat(lines.map(encodeLine))

/** Any run, with whatever text. */
export const anyRun = (n: number): fc.Arbitrary<SampleRun> =>
  fc.record({
    n: fc.constant(n),
    campaign: fc.constantFrom('a', 'b', 'ümlaut/1'),
    parts: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
    isCut: fc.boolean(),
    verdicts: fc.nat({ max: 3 }),
    text: fc.string({ unit: 'binary', maxLength: 20 }),
  })

export const anyRuns: fc.Arbitrary<SampleRun[]> = fc
  .nat({ max: 4 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => anyRun(index + 1))))

/** The bytes in pieces of these sizes, over and over. */
export async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % Math.max(1, sizes.length)] ?? bytes.length)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

/** Everything that a reader makes of these bytes, and its error, if so. */
export async function readAllLines(
  bytes: Uint8Array,
  sizes: readonly number[] = [],
  bytesMax?: number,
): Promise<{ lines: Line[]; unknown: ReadonlyMap<string, number>; error?: Error }> {
  const reader = readExport(inPieces(bytes, sizes), 'x', bytesMax)
  const lines: Line[] = []
  try {
    for await (const { line } of reader.lines) lines.push(line)
    return { lines, unknown: reader.unknown }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { lines, unknown: reader.unknown, error }
  }
}
