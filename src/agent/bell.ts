/** Wakes the main thread's loop: whoever has news rings, the loop waits for that or for a little while. */
export class Bell {
  #rung = false
  #answer: (() => void) | undefined

  readonly ring = (): void => {
    this.#rung = true
    this.#answer?.()
  }

  /** From here on a ring counts as new. */
  clear(): void {
    this.#rung = false
  }

  /** Resolves at the next ring since `clear`, or after that long. */
  async wait(limitMs: number): Promise<void> {
    if (this.#rung) {
      // Timers and network events get their turn even where the bell never stops ringing.
      await new Promise((resolve) => setImmediate(resolve))
      return
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#answer = undefined
        resolve()
      }
      const timer = setTimeout(done, limitMs)
      this.#answer = done
    })
  }
}
