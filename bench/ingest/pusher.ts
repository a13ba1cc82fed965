/**
 * An agent's uplink, as cheap as can be: one connection, one append under way, the next as soon as it is acknowledged. The bytes
 * on the wire are those of CollectorClient; it is written on a bare socket because fleet and database share a processor.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { PROGRESS_HEADER, RUN_KEY_HEADER } from '../../src/io/collector-client.ts'
import type { MadeLog } from './logs.ts'

export class Pusher {
  readonly log: MadeLog
  readonly latenciesMs: number[] = []
  readonly #url: URL
  readonly #socket: Socket
  #answer = ''
  #answered: (() => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(url: URL, log: MadeLog) {
    this.log = log
    this.#url = url
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
    this.#socket.on('data', (bytes) => this.#take(bytes.toString('latin1')))
    this.#socket.on('error', (error) => this.#failed?.(error))
    this.#socket.on('close', () => this.#failed?.(new Error('the collector closed the connection')))
  }

  async connected(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect')
  }

  /** The log up to there, in appends of at most so many bytes; all of it is acknowledged when it resolves. */
  async push(end: number, appendBytes: number): Promise<void> {
    for (let offset = 0; offset < end;) {
      const bytes = this.log.bytes.subarray(offset, Math.min(end, offset + appendBytes))
      const asked = performance.now()
      await this.#append(offset, bytes)
      this.latenciesMs.push(performance.now() - asked)
      offset += bytes.length
      if (!this.#answer.endsWith(`{"offset":${offset}}`))
        throw new Error(`append to ${offset} answered: ${this.#answer}`)
    }
  }

  sha256(end: number): string {
    return createHash('sha256').update(this.log.bytes.subarray(0, end)).digest('hex')
  }

  end(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #append(offset: number, bytes: Uint8Array): Promise<void> {
    const { run } = this.log.manifest
    const { progress } = this.log.markAt(offset + bytes.length)
    const head = [
      `POST /v1/runs/${run}/log?offset=${offset} HTTP/1.1`,
      `host: ${this.#url.host}`,
      'connection: keep-alive',
      'content-type: application/octet-stream',
      `${RUN_KEY_HEADER}: ${run}${run}`,
      `${PROGRESS_HEADER}: ${JSON.stringify(progress)}`,
      `content-length: ${bytes.length}`,
    ]
    this.#answer = ''
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.cork()
      this.#socket.write(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
      this.#socket.write(bytes)
      this.#socket.uncork()
    })
  }

  #take(text: string): void {
    this.#answer += text
    const head = this.#answer.indexOf('\r\n\r\n')
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#answer)?.[1]
    if (head >= 0 && this.#answer.length >= head + 4 + Number(length)) this.#answered?.()
  }
}
