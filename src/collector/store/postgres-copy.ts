/**
 * Rows of many bytes into a table of PostgreSQL, by COPY in its binary form: the bytes go to the socket as they are, where an INSERT
 * takes them through several buffers here and several copies there. Inside a transaction it is as good as an INSERT.
 */
import type { Connection, Submittable } from 'pg'

/** Text, a 64-bit integer, or bytes: what columns of these types take. */
export type CopyValue = string | number | Uint8Array

export interface CopyOrder {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly CopyValue[])[]
}

/** Types of messages of the protocol. */
const COPY_DATA = 0x64
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4])
/** A mark, no flags, no extension. */
const HEAD = copyData(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]))
const TAIL = copyData(Buffer.from([0xff, 0xff]))
/** Values up to this are put together, so that the socket is not given every length by itself. */
const JOINED_BYTES_MAX = 256

type Callback = (error: unknown) => void

/** One COPY, as the driver takes what is not a query of its own; it calls the handlers by their names. */
export class CopyIn implements Submittable {
  /** Replaced by the driver by one that knows of its time limit. */
  callback: Callback
  readonly #order: CopyOrder
  #failed = false

  constructor(order: CopyOrder, callback: Callback) {
    this.#order = order
    this.callback = callback
  }

  submit(connection: Connection): void {
    const { table, columns } = this.#order
    connection.query(`COPY ${table} (${columns.join(', ')}) FROM STDIN (FORMAT binary)`)
  }

  handleCopyInResponse({ stream }: Connection): void {
    stream.cork()
    for (const part of partsOf(this.#order.rows)) stream.write(part)
    stream.uncork()
  }

  handleCommandComplete(): void {
    // What counts is that the server is ready again.
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.callback(null)
  }

  handleError(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.callback(error)
  }
}

function* partsOf(rows: CopyOrder['rows']): Generator<Uint8Array> {
  yield HEAD
  for (const row of rows) yield* rowParts(row)
  yield TAIL
  yield COPY_DONE
}

/** The row as one message: the number of its values, then each behind its length. Long ones are sent from where they are. */
function rowParts(row: readonly CopyValue[]): readonly Uint8Array[] {
  const count = Buffer.alloc(2)
  count.writeInt16BE(row.length)
  const fields = row.flatMap(fieldParts)
  const length = fields.reduce((sum, part) => sum + part.length, count.length)
  const parts: Uint8Array[] = []
  let short: Uint8Array[] = [messageHead(length), count]
  for (const part of fields) {
    if (part.length <= JOINED_BYTES_MAX) short.push(part)
    else {
      parts.push(Buffer.concat(short), part)
      short = []
    }
  }
  return short.length === 0 ? parts : [...parts, Buffer.concat(short)]
}

function fieldParts(value: CopyValue): readonly Uint8Array[] {
  const bytes = bytesOf(value)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return [length, bytes]
}

function bytesOf(value: CopyValue): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (typeof value !== 'number') return value
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

function messageHead(length: number): Uint8Array {
  const head = Buffer.alloc(5)
  head.writeUInt8(COPY_DATA)
  head.writeInt32BE(length + 4, 1)
  return head
}

function copyData(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([messageHead(bytes.length), bytes])
}
