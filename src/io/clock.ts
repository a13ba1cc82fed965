/** Monotonic time. One origin for the whole machine (CLOCK_MONOTONIC), so that times of worker threads and of other processes compare. */

/** Microseconds of the monotonic clock, as a whole number. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1000)
}

/** Milliseconds of the monotonic clock, for limits of waits. */
export const monotonicMs = (): number => monotonicUs() / 1000

/** Resolves after that many milliseconds, or at once when the signal is aborted: then too it resolves, the caller looks. */
export function sleepMs(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}
