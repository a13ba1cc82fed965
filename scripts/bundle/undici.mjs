// Stands in for undici in the bundle: what the collector's client uses of it, over plain sockets. An agent appends to its log many
// times a second, and in an emulated guest with one processor Node's own HTTP client takes more of that than all the writing.
import { isIP, connect as connectPlain } from 'node:net'
import { AnswerReader } from './http-answer.mjs'
import { Body } from './http-body.mjs'

/** Keeps connections open, one request at a time on each. */
export class Agent {
  #options
  #open = new Set()
  #idle = []
  #waiting = []
  #isClosed = false

  constructor(options) {
    this.#options = options
  }

  async request(call) {
    const connection = this.#idle.pop() ?? (await this.#another(new URL(call.origin)))
    return connection.ask(call)
  }

  destroy() {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the client was closed'))
    for (const connection of this.#open) connection.destroy(new Error('the client was closed'))
    return Promise.resolve()
  }

  /** A new connection, or where there are enough the next that is free. */
  #another(url) {
    if (this.#isClosed) throw new Error('the client was closed')
    if (this.#open.size >= this.#options.connections)
      return new Promise((resolve, reject) => this.#waiting.push({ url, resolve, reject }))
    const connection = new Connection(url, this.#options, (isKept) => this.#freed(connection, isKept))
    this.#open.add(connection)
    return connection
  }

  #freed(connection, isKept) {
    if (!isKept) {
      this.#open.delete(connection)
      this.#idle = this.#idle.filter((other) => other !== connection)
    }
    const next = this.#waiting.shift()
    if (next !== undefined) next.resolve(isKept ? connection : this.#another(next.url))
    else if (isKept) this.#idle.push(connection)
  }
}

class Connection {
  #host
  #socket
  #freed
  /** The request under way. */
  #asked

  constructor(url, { connect, bodyTimeout }, freed) {
    this.#host = url.host
    this.#freed = freed
    const socket = socketTo(url, connect.ca)
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(bodyTimeout, () => this.#silent())
    socket.on('data', (bytes) => this.#attempt(() => this.#take(bytes)))
    socket.on('end', () => this.#attempt(() => this.#ended()))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })))
  }

  ask({ method, path, headers, body, signal }) {
    return new Promise((resolve, reject) => {
      const bytes = this.#bytesOf({ method, path, headers, body, signal }, reject)
      if (bytes === undefined) return
      const abort = () => this.destroy(new Error('the request was given up'))
      const answer = new Body((flows) => (flows ? this.#socket.resume() : this.#socket.pause()))
      const reader = new AnswerReader({
        head: (statusCode, fields) => resolve({ statusCode, headers: fields, body: answer }),
        bytes: (piece) => answer.push(piece),
        end: () => {
          signal.removeEventListener('abort', abort)
          answer.end()
        },
      })
      const fail = (error) => {
        signal.removeEventListener('abort', abort)
        reject(error)
        answer.fail(error)
      }
      this.#asked = { reader, fail }
      signal.addEventListener('abort', abort)
      this.#socket.ref()
      this.#socket.write(bytes)
    })
  }

  /** Ends the connection, and with it what was asked. */
  destroy(error) {
    const asked = this.#asked
    const freed = this.#freed
    this.#asked = undefined
    this.#freed = () => undefined
    this.#socket.destroy()
    asked?.fail(error)
    freed(false)
  }

  /** What to send; where there is nothing to be sent, the connection is free again. */
  #bytesOf({ signal, ...call }, reject) {
    try {
      if (signal.aborted) throw new Error('the request was given up')
      return requestBytes({ ...call, host: this.#host })
    } catch (error) {
      reject(error)
      this.#freed(true)
      return undefined
    }
  }

  #take(bytes) {
    const reader = this.#asked?.reader
    if (reader === undefined) throw new Error('the other side said something that it was not asked')
    reader.take(bytes)
    if (reader.isComplete) this.#answered(reader)
  }

  #ended() {
    const reader = this.#asked?.reader
    reader?.close()
    if (reader !== undefined) this.#answered(reader)
    this.destroy(new Error('the connection was closed'))
  }

  #answered({ isKept }) {
    this.#asked = undefined
    if (!isKept) return this.destroy(new Error('the connection is not kept'))
    this.#socket.resume()
    // An idle connection keeps no program from ending.
    this.#socket.unref()
    this.#freed(true)
  }

  /** Nothing came for long. Until an answer begins its caller has a limit, and where nobody takes what there is the fault is not there. */
  #silent() {
    if (this.#asked?.reader.isBegun === false || this.#socket.isPaused()) return
    this.destroy(new Error('the answer stopped coming'))
  }

  #attempt(work) {
    try {
      work()
    } catch (error) {
      this.destroy(error)
    }
  }
}

function socketTo({ protocol, hostname, port }, ca) {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (protocol === 'http:') return connectPlain({ host, port: Number(port || 80) })
  // Loaded only here: it takes longer than the rest of this file.
  const { connect } = process.getBuiltinModule('node:tls')
  const trusted = ca === undefined ? {} : { ca }
  const name = isIP(host) === 0 ? { servername: host } : {}
  return connect({ host, port: Number(port || 443), ALPNProtocols: ['http/1.1'], ...trusted, ...name })
}

/** Head and body in one piece: one call of the kernel. */
function requestBytes({ method, path, host, headers, body }) {
  const data = typeof body === 'string' ? Buffer.from(body) : body
  const length = data?.length ?? 0
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\t\x20-\x7e]*$/.test(value)) throw new Error(`the header ${name} has a character that none may have`)
    head += `${name}: ${value}\r\n`
  }
  head += method === 'GET' ? '\r\n' : `content-length: ${length}\r\n\r\n`
  const bytes = Buffer.allocUnsafe(head.length + length)
  bytes.latin1Write(head, 0)
  if (data !== null) bytes.set(data, head.length)
  return bytes
}
