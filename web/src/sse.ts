/** Server-sent events out of a stream of text: what the HTML standard says of them, as far as a collector makes use of it. */
export interface ServerEvent {
  readonly id: string | undefined
  readonly kind: string
  readonly data: string
}

export class SseParser {
  #rest = ''
  #id: string | undefined
  #kind = ''
  #data: string[] = []

  /** The events that are complete with this piece. */
  push(piece: string): ServerEvent[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#take(line))
  }

  #take(line: string): ServerEvent[] {
    if (line === '') return this.#finish()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'id') this.#id = value
    if (field === 'event') this.#kind = value
    if (field === 'data') this.#data.push(value)
    return []
  }

  #finish(): ServerEvent[] {
    const event = { id: this.#id, kind: this.#kind, data: this.#data.join('\n') }
    const isEmpty = this.#data.length === 0
    this.#kind = ''
    this.#data = []
    return isEmpty ? [] : [event]
  }
}
