// The body of an answer as it comes: all of it as text, or piece by piece, as fast as it is taken.
const HELD_BYTES_MAX = 1 << 20

export class Body {
  #flow
  #pieces = []
  #held = 0
  #isEnded = false
  #failure
  #wake = () => undefined

  /** `flow(false)` stops the bytes where nobody takes them, `flow(true)` lets them come again. */
  constructor(flow) {
    this.#flow = flow
  }

  push(piece) {
    this.#pieces.push(piece)
    this.#held += piece.length
    if (this.#held > HELD_BYTES_MAX) this.#flow(false)
    this.#wake()
  }

  end() {
    this.#isEnded = true
    this.#wake()
  }

  fail(error) {
    this.#failure ??= error
    this.#wake()
  }

  async text() {
    const all = []
    for await (const piece of this) all.push(piece)
    return (all.length === 1 ? all[0] : Buffer.concat(all)).toString('utf8')
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
        this.#held -= piece.length
        yield piece
      }
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isEnded) return
      this.#flow(true)
      await new Promise((resolve) => (this.#wake = resolve))
    }
  }
}
