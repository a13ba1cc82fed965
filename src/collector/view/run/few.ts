/** The newest few of what was made, by name; whoever asks for what is being made waits for it rather than making it again. */
export class Few<T> {
  readonly #most: number
  readonly #made = new Map<string, Promise<T>>()

  constructor(most: number) {
    this.#most = most
  }

  get(name: string, make: () => Promise<T>): Promise<T> {
    const there = this.#made.get(name) ?? this.#begun(name, make)
    // Used last, so let go of last.
    this.#made.delete(name)
    this.#made.set(name, there)
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= this.#most) break
      this.#made.delete(oldest)
    }
    return there
  }

  /** What failed is made anew next time. */
  #begun(name: string, make: () => Promise<T>): Promise<T> {
    const made = make()
    made.catch(() => {
      if (this.#made.get(name) === made) this.#made.delete(name)
    })
    return made
  }
}
