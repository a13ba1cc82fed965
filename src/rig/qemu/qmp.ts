/**
 * A client of QEMU's control protocol (QMP): one JSON document a line, over a socket of QEMU's. Commands are told apart by an id,
 * events come in between. Every wait has a limit; what QEMU refuses, and a connection that is lost, are RIG_FAILED.
 */
import { type Socket, connect } from 'node:net'
import { ProbeError, errnoOf, messageOf } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { within } from '../../io/process.ts'

const COMMAND_LIMIT_MS = 10_000
const POLL_MS = 10
/** More than QEMU ever says in one line. */
const LINE_CHARACTERS_MAX = 16 * 2 ** 20

type Json = Readonly<Record<string, unknown>>

export interface QmpEvent {
  readonly name: string
  readonly data: Json
}

export interface QmpConnectOptions {
  /** For the socket to appear and QEMU to greet. */
  readonly limitMs: number
  /** Looked at while the socket is not there: false ends the wait. */
  readonly isRunning?: () => boolean
}

interface Waiting {
  readonly resolve: (answer: Json) => void
  readonly reject: (error: ProbeError) => void
}

/** Connects, and takes QMP into command mode. Throws TIMED_OUT, or RIG_FAILED where QEMU ends or hangs up. */
export async function connectQmp(path: string, options: QmpConnectOptions): Promise<Qmp> {
  const until = monotonicMs() + options.limitMs
  const qmp = new Qmp(await connectedSocket(path, until, options))
  try {
    await qmp.greeted(until - monotonicMs())
    await qmp.execute('qmp_capabilities')
    return qmp
  } catch (error) {
    qmp.close()
    throw error
  }
}

async function connectedSocket(path: string, until: number, options: QmpConnectOptions): Promise<Socket> {
  for (;;) {
    const outcome = await attempt(path)
    if (!(outcome instanceof Error)) return outcome
    if (options.isRunning?.() === false)
      throw new ProbeError('RIG_FAILED', `QEMU ended before its control socket ${path} could be reached`)
    if (monotonicMs() >= until)
      throw new ProbeError(
        'TIMED_OUT',
        `QEMU's control socket ${path} could not be reached within ${options.limitMs} ms: ${messageOf(outcome)}`,
      )
    await sleepMs(POLL_MS)
  }
}

function attempt(path: string): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', resolve)
  })
}

export class Qmp {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: QmpEvent | undefined) => void>()
  readonly #greeting: Promise<void>
  #onGreeting: () => void = () => undefined
  #lost: ProbeError | undefined
  #partial = ''
  #lastId = 0

  /** For `connectQmp`. */
  constructor(socket: Socket) {
    this.#socket = socket
    this.#greeting = new Promise((resolve) => (this.#onGreeting = resolve))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => this.#take(chunk))
    socket.on('error', (error) => this.#lose(`the connection to QEMU failed: ${errnoOf(error) ?? messageOf(error)}`))
    socket.on('close', () => this.#lose('QEMU closed the connection'))
    // A test or a command may end while QEMU runs on.
    socket.unref()
  }

  /** Resolves once QEMU has said what it is. */
  async greeted(limitMs: number): Promise<void> {
    const done = await within(
      this.#greeting.then(() => true),
      Math.max(0, limitMs),
    )
    if (this.#lost !== undefined) throw this.#lost
    if (done === undefined) throw new ProbeError('TIMED_OUT', 'QEMU did not greet on its control socket in time')
  }

  /** Resolves to what the command returns. Throws RIG_FAILED with QEMU's own words where it refuses, TIMED_OUT where it says nothing. */
  async execute(command: string, args: Json = {}, limitMs = COMMAND_LIMIT_MS): Promise<unknown> {
    if (this.#lost !== undefined) throw this.#lost
    const id = ++this.#lastId
    const answered = new Promise<Json>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    try {
      const answer = await within(answered, limitMs)
      if (answer === undefined) throw new ProbeError('TIMED_OUT', `QEMU did not answer ${command} within ${limitMs} ms`)
      const { error } = answer
      if (isObject(error)) throw new ProbeError('RIG_FAILED', `QEMU refuses ${command}: ${String(error['desc'])}`)
      return answer['return']
    } finally {
      this.#waiting.delete(id)
    }
  }

  /**
   * The next event of that name; `undefined` where none came within the limit or before the connection ended. Called before the command
   * that causes it, so that none is missed.
   */
  async event(name: string, limitMs: number): Promise<QmpEvent | undefined> {
    let listener: ((event: QmpEvent | undefined) => void) | undefined
    const seen = new Promise<QmpEvent | undefined>((resolve) => {
      if (this.#lost !== undefined) return resolve(undefined)
      listener = (event) => {
        if (event === undefined || event.name === name) resolve(event)
      }
      this.#listeners.add(listener)
    })
    const event = await within(seen, limitMs)
    if (listener !== undefined) this.#listeners.delete(listener)
    return event
  }

  /** Ends the connection; QEMU runs on. Safe to call twice. */
  close(): void {
    this.#socket.destroy()
    this.#lose('the connection was closed')
  }

  #take(chunk: string): void {
    const lines = (this.#partial + chunk).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') this.#takeLine(line)
    if (this.#partial.length > LINE_CHARACTERS_MAX) {
      this.#lose('QEMU sent a line without an end')
      this.#socket.destroy()
    }
  }

  #takeLine(line: string): void {
    const message = parsed(line)
    if (message === undefined) return this.#lose(`QEMU sent what is not QMP: ${JSON.stringify(line.slice(0, 200))}`)
    const { event, data, id } = message
    if ('QMP' in message) this.#onGreeting()
    else if (typeof event === 'string') this.#tell({ name: event, data: isObject(data) ? data : {} })
    else if (typeof id === 'number') this.#waiting.get(id)?.resolve(message)
  }

  #tell(event: QmpEvent | undefined): void {
    for (const listener of this.#listeners) listener(event)
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return
    this.#lost = new ProbeError('RIG_FAILED', why)
    this.#onGreeting()
    for (const { reject } of this.#waiting.values()) reject(this.#lost)
    this.#tell(undefined)
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function parsed(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
