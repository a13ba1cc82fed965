/**
 * A mutual exclusion between the threads of one process, over one 32-bit word of shared memory: 0 free, 1 held, 2 held and
 * waited for (Drepper, "Futexes are tricky", mutex 2). Taking it uncontended costs one atomic operation and no system call.
 *
 * What is held for under a microsecond is worth a short spin: a sleep and a wake-up cost some ten.
 */
const FREE = 0
const HELD = 1
const WAITED_FOR = 2
const SPINS = 200

export class FutexLock {
  readonly #words: Int32Array
  readonly #at: number

  constructor(words: Int32Array, at: number) {
    this.#words = words
    this.#at = at
  }

  /** Returns once the lock is held. */
  take(): void {
    if (!this.#tryTake()) this.#takeSlowly(Number.POSITIVE_INFINITY)
  }

  /** The same, but gives up after some `limitMs` without a change: false where the lock could not be had. */
  takeWithin(limitMs: number): boolean {
    return this.#tryTake() || this.#takeSlowly(limitMs)
  }

  /** Lets go. MUST be called by the thread that holds it. */
  give(): void {
    if (Atomics.exchange(this.#words, this.#at, FREE) === WAITED_FOR) Atomics.notify(this.#words, this.#at, 1)
  }

  #tryTake(): boolean {
    return Atomics.compareExchange(this.#words, this.#at, FREE, HELD) === FREE
  }

  #takeSlowly(limitMs: number): boolean {
    for (let spin = 0; spin < SPINS; spin++) {
      if (Atomics.load(this.#words, this.#at) === FREE && this.#tryTake()) return true
    }
    while (Atomics.exchange(this.#words, this.#at, WAITED_FOR) !== FREE) {
      // Once more: a program that was stopped for so long has not waited for a dead thread.
      if (Atomics.wait(this.#words, this.#at, WAITED_FOR, limitMs) === 'timed-out') return this.#tryTake()
    }
    return true
  }
}
