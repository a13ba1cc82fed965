/** A time that goes on by itself, for what is told as "so long ago". */
import { useEffect, useState } from 'preact/hooks'

/** Milliseconds since 1970, anew every `everyMs`. */
export function useNowMs(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
