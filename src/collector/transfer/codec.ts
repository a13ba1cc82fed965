/**
 * A line of an export to bytes and back. The last member of every line is `sum`, the first 16 hexadecimal digits of the
 * SHA-256 of the line before it: a byte that changed on the way is found in the line where it changed, before anything of
 * that line is stored.
 */
import { createHash } from 'node:crypto'
import { type Line, lineOf, type Read } from './line.ts'

const SUM_DIGITS = 16
const NEWLINE = 0x0a
const RETURN = 0x0d
/** `,"sum":"0123456789abcdef"}` */
const TAIL_BYTES = SUM_DIGITS + 10
const TAIL = /^,"sum":"([0-9a-f]{16})"\}$/

/** One line with its checksum and its newline. */
export const encodeLine = (line: Line): Buffer => encode(line)

/** The same for whatever object, also one that is no line. */
export function encode(line: object): Buffer {
  const text = JSON.stringify(line)
  const body = Buffer.from(text.slice(0, -1), 'utf8')
  return Buffer.concat([body, Buffer.from(`,"sum":"${sumOf(body)}"}\n`, 'latin1')])
}

/** One line without its newline. */
export function decodeLine(bytes: Buffer): Read {
  const line = bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes
  const body = line.subarray(0, Math.max(0, line.length - TAIL_BYTES))
  const sum = TAIL.exec(line.subarray(body.length).toString('latin1'))?.[1]
  if (sum === undefined)
    return { kind: 'wrong', why: 'it is not a whole line of an export: it does not end in its "sum"' }
  if (sum !== sumOf(body))
    return { kind: 'wrong', why: 'it was changed or damaged: its "sum" is not that of its bytes' }
  try {
    return lineOf(JSON.parse(`${body.toString('utf8')}}`))
  } catch {
    return { kind: 'wrong', why: 'it is not JSON' }
  }
}

const sumOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, SUM_DIGITS)

/** The bytes in a `log` line, or `undefined` where they are not base64 as it is written here. */
export function logBytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

/** A line of a stream, or that it is longer than any may be. */
export type RawLine =
  | { readonly kind: 'raw'; readonly number: number; readonly bytes: Buffer }
  | { readonly kind: 'too-long'; readonly number: number }

/**
 * The lines of a stream, counted from 1, without the empty ones. Holds one line and one piece of the stream; a line beyond
 * `bytesMax` is told as soon as it is seen to be one, and is the last.
 */
export async function* splitLines(source: AsyncIterable<Uint8Array>, bytesMax: number): AsyncGenerator<RawLine> {
  let number = 1
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const piece of source) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    for (let at = 0; at < bytes.length;) {
      const newline = bytes.indexOf(NEWLINE, at)
      const end = newline < 0 ? bytes.length : newline
      held.push(bytes.subarray(at, end))
      heldBytes += end - at
      if (heldBytes > bytesMax) return yield { kind: 'too-long', number }
      at = end + 1
      if (newline < 0) break
      if (heldBytes > 0) yield { kind: 'raw', number, bytes: joined(held) }
      held = []
      heldBytes = 0
      number++
    }
  }
  if (heldBytes > 0) yield { kind: 'raw', number, bytes: joined(held) }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces)
}
