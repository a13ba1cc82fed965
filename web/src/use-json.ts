/** What an address of the API says, for a view: loading, failed or there, and kept while a newer answer is on its way. */
import { useEffect, useState } from 'preact/hooks'
import { getJson, type Refusal } from './api.ts'

export type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly refusal: Refusal; readonly retry: () => void }
  | {
      readonly kind: 'ready'
      readonly value: T
      /** The address has changed, or is asked again: what is shown is of the time before. */
      readonly isStale: boolean
      readonly reload: () => void
    }

/** `address` of `undefined`: nothing is asked. Where it changes, the last answer stays until the next is there. */
export function useJson<T>(address: string | undefined): Loaded<T> {
  const [answer, setAnswer] = useState<{ address: string; value?: T; refusal?: Refusal }>()
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    if (address === undefined) return
    const abort = new AbortController()
    getJson<T>(address, abort.signal)
      .then((got) => setAnswer(got.kind === 'ok' ? { address, value: got.value } : { address, refusal: got.refusal }))
      .catch(() => {
        // Given up because the view wants something else by now.
      })
    return () => abort.abort()
  }, [address, attempt])
  const again = (): void => setAttempt((count) => count + 1)
  if (answer?.refusal !== undefined && answer.address === address)
    return { kind: 'failed', refusal: answer.refusal, retry: again }
  if (answer?.value === undefined) return { kind: 'loading' }
  return { kind: 'ready', value: answer.value, isStale: answer.address !== address, reload: again }
}
