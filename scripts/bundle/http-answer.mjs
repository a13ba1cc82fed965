// One answer of HTTP/1.1 out of the bytes of a connection: status and headers, then the body by its length, in chunks, or until the end.
const HEAD_BYTES_MAX = 65_536
const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'
const NOTHING = Buffer.alloc(0)

export class AnswerReader {
  #told
  #rest = NOTHING
  #read = this.#head
  #left = 0
  /** Whether the connection takes another request after this answer. */
  isKept = false
  isBegun = false
  isComplete = false

  /** Calls `told.head(status, headers)`, `told.bytes(piece)` and `told.end()`, in this order. */
  constructor(told) {
    this.#told = told
  }

  /** Takes the next bytes; throws at what is not HTTP. */
  take(bytes) {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (!this.isComplete && this.#rest.length > 0 && this.#read());
    if (this.isComplete && this.#rest.length > 0) this.isKept = false
  }

  /** The connection ended; throws where that came too early. */
  close() {
    if (this.isComplete) return
    if (this.#read !== this.#untilClose) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    this.#complete()
  }

  #head() {
    const end = this.#rest.indexOf(HEAD_END)
    if (end < 0) {
      if (this.#rest.length > HEAD_BYTES_MAX) throw new Error('the head of the answer has no end')
      return false
    }
    const [first, ...lines] = this.#rest.latin1Slice(0, end).split(LINE_END)
    this.#rest = this.#rest.subarray(end + HEAD_END.length)
    const [, minor, digits] = /^HTTP\/1\.([01]) (\d{3})/.exec(first) ?? []
    if (digits === undefined) throw new Error('the answer is not HTTP/1.1')
    const status = Number(digits)
    // Something on the way to the answer, such as 100 Continue.
    if (status < 200) return true
    const headers = Object.fromEntries(lines.map(headerOf))
    this.isBegun = true
    this.isKept = minor === '1' && headers.connection?.toLowerCase() !== 'close'
    this.#told.head(status, headers)
    this.#expectBody(status, headers)
    return true
  }

  #expectBody(status, { 'transfer-encoding': coding, 'content-length': length }) {
    if (status === 204 || status === 304) this.#complete()
    else if (coding !== undefined) {
      if (coding.toLowerCase() !== 'chunked') throw new Error(`the answer is coded as ${coding}`)
      this.#read = this.#chunkSize
    } else if (length === undefined) {
      this.isKept = false
      this.#read = this.#untilClose
    } else {
      if (!/^\d+$/.test(length)) throw new Error(`the answer is ${length} bytes long`)
      this.#left = Number(length)
      this.#read = this.#byLength
      if (this.#left === 0) this.#complete()
    }
  }

  #byLength() {
    this.#pass()
    if (this.#left === 0) this.#complete()
    return true
  }

  #untilClose() {
    this.#left = this.#rest.length
    return this.#pass()
  }

  #chunkSize() {
    const line = this.#line()
    if (line === undefined) return false
    const [, digits] = /^([\da-fA-F]{1,12})\s*(?:;|$)/.exec(line) ?? []
    if (digits === undefined) throw new Error('a chunk of the answer has no size')
    this.#left = Number.parseInt(digits, 16)
    this.#read = this.#left === 0 ? this.#trailer : this.#chunk
    return true
  }

  #chunk() {
    this.#pass()
    if (this.#left === 0) this.#read = this.#chunkEnd
    return true
  }

  #chunkEnd() {
    const line = this.#line()
    if (line === undefined) return false
    if (line !== '') throw new Error('a chunk of the answer is longer than it says')
    this.#read = this.#chunkSize
    return true
  }

  #trailer() {
    const line = this.#line()
    if (line === '') this.#complete()
    return line !== undefined
  }

  /** Hands over what is there of the bytes that are still to come. */
  #pass() {
    const piece = this.#rest.subarray(0, this.#left)
    this.#left -= piece.length
    this.#rest = this.#rest.subarray(piece.length)
    this.#told.bytes(piece)
    return true
  }

  #line() {
    const end = this.#rest.indexOf(LINE_END)
    if (end < 0 && this.#rest.length > HEAD_BYTES_MAX) throw new Error('a line of the answer has no end')
    if (end < 0) return undefined
    const line = this.#rest.latin1Slice(0, end)
    this.#rest = this.#rest.subarray(end + LINE_END.length)
    return line
  }

  #complete() {
    this.isComplete = true
    this.#told.end()
  }
}

function headerOf(line) {
  const at = line.indexOf(':')
  return [line.slice(0, Math.max(0, at)).toLowerCase(), line.slice(at + 1).trim()]
}
