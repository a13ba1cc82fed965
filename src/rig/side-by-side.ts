/** Work on many things, some of them at a time: cycles of a campaign, cells of a matrix. */

/**
 * Works on the items in their order, at most `jobs` at a time. What the first failing one throws aborts the others, and is thrown
 * once all have ended: nothing of theirs goes on afterwards. The same where `signal` aborts.
 */
export async function sideBySide<T>(
  items: Iterable<T>,
  jobs: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]()
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const takeOneByOne = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && !either.aborted; next = queue.next())
      await work(next.value, either)
  }
  const workers = Array.from({ length: jobs }, () =>
    takeOneByOne().catch((error: unknown) => {
      failed.abort(error)
    }),
  )
  await Promise.all(workers)
  either.throwIfAborted()
}
