/** Tells when light turns dark or back: what is drawn on a canvas has to be drawn anew. */
import { useEffect, useState } from 'preact/hooks'

/** A number that changes with the theme. */
export function useThemeChange(): number {
  const [count, setCount] = useState(0)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const changed = (): void => setCount((before) => before + 1)
    dark.addEventListener('change', changed)
    return () => dark.removeEventListener('change', changed)
  }, [])
  return count
}
