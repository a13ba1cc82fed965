/**
 * An export read from anywhere, packed or not, line by line, each checked where it stands. The first thing that is wrong
 * ends it with EXPORT_UNREADABLE and the number of the line. Holds one line at a time.
 */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf, ProbeError } from '../../core/errors.ts'
import { verdictFault } from '../http/verdict-check.ts'
import { decodeLine, splitLines } from './codec.ts'
import { type Line, LINE_BYTES_MAX } from './line.ts'
import { type Counts, Sequence } from './sequence.ts'

export interface CheckedLine {
  readonly number: number
  readonly line: Line
  /** As it stood there, without its newline. */
  readonly bytes: Buffer
}

export interface ExportReader {
  readonly lines: AsyncGenerator<CheckedLine>
  /** Whole runs so far, of the lines that were taken. */
  counts(): Counts
  /** Kinds of lines that this version does not know, with their numbers: they were left out. */
  readonly unknown: ReadonlyMap<string, number>
}

/** Reads `source`, which messages call `name`. */
export function readExport(source: AsyncIterable<Uint8Array>, name: string, bytesMax = LINE_BYTES_MAX): ExportReader {
  const sequence = new Sequence()
  const unknown = new Map<string, number>()
  return {
    lines: checked(source, { name, bytesMax, sequence, unknown }),
    counts: () => sequence.total,
    unknown,
  }
}

interface Reading {
  readonly name: string
  readonly bytesMax: number
  readonly sequence: Sequence
  readonly unknown: Map<string, number>
}

async function* checked(source: AsyncIterable<Uint8Array>, reading: Reading): AsyncGenerator<CheckedLine> {
  const { name, bytesMax, sequence, unknown } = reading
  let last = 0
  try {
    for await (const raw of splitLines(unpacked(source), bytesMax)) {
      last = raw.number
      if (raw.kind === 'too-long')
        throw unreadable(name, last, `it is longer than ${bytesMax} bytes, which no line of an export is`)
      const read = decodeLine(raw.bytes)
      if (read.kind === 'wrong') throw unreadable(name, last, read.why)
      if (read.kind === 'unknown') {
        unknown.set(read.name, (unknown.get(read.name) ?? 0) + 1)
        continue
      }
      const fault = read.line.kind === 'verdict' ? await verdictFault(read.line.verdict) : undefined
      if (fault !== undefined) throw unreadable(name, last, fault)
      const wrong = sequence.accept(read.line)
      if (wrong !== undefined) throw unreadable(name, last, wrong)
      yield { number: last, line: read.line, bytes: raw.bytes }
    }
  } catch (error) {
    if (!isZlibError(error)) throw error
    throw unreadable(name, last + 1, `the file cannot be unpacked any further: ${messageOf(error)}`)
  }
  const missing = sequence.finish()
  if (missing !== undefined) throw unreadable(name, last + 1, missing)
}

const unreadable = (name: string, number: number, why: string): ProbeError =>
  new ProbeError('EXPORT_UNREADABLE', `${name} line ${number}: ${why}`)

const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')

/** The bytes themselves, or unpacked where they begin as gzip does. */
async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  for (let length = 0; length < 2;) {
    const { done, value } = await pieces.next()
    if (done === true) break
    first.push(value)
    length += value.length
  }
  const whole = rest(first, pieces)
  const [a, b] = Buffer.concat(first.map((piece) => piece.subarray(0, 2)))
  if (a !== 0x1f || b !== 0x8b) return yield* whole
  const packed = Readable.from(whole, { objectMode: false })
  const gunzip = createGunzip()
  packed.on('error', (error) => gunzip.destroy(error))
  yield* packed.pipe(gunzip)
}

async function* rest(first: readonly Uint8Array[], pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value
  } finally {
    await pieces.return?.()
  }
}
