/** The colours of the theme as a function that is another one whenever the theme changes, so that what was drawn is drawn anew. */
import { useMemo } from 'preact/hooks'
import { type ThemeColour, themeColour } from '../components/chart.tsx'
import { useThemeChange } from '../components/theme-change.ts'

export function useThemeColour(): ThemeColour {
  const changes = useThemeChange()
  return useMemo(() => coloursAfter(changes), [changes])
}

/** Read once each. */
function coloursAfter(_changes: number): ThemeColour {
  const known = new Map<string, string>()
  return (property) => {
    const colour = known.get(property) ?? themeColour(property)
    known.set(property, colour)
    return colour
  }
}
