/** How far a run is safe, as its records tell: the newest write that was complete before a flush was issued which is complete by now. */
export class StableMark {
  #complete = 0
  #stable = 0
  /** What the newest complete write was when each flush under way was issued. */
  readonly #covers = new Map<number, number>()

  /** 0 before there is one. */
  get write(): number {
    return this.#stable
  }

  completed(write: number): void {
    if (write > this.#complete) this.#complete = write
  }

  flushIssued(flush: number): void {
    this.#covers.set(flush, this.#complete)
  }

  flushCompleted(flush: number): void {
    this.#stable = Math.max(this.#stable, this.#covers.get(flush) ?? 0)
    this.#covers.delete(flush)
  }
}
