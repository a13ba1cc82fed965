/**
 * A chart by uPlot, in the colours of the theme, that fills its width; a sentence says what it shows, and the same numbers
 * can be had as a table.
 */
import 'uplot/dist/uPlot.min.css'
import type { ComponentChild } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { useThemeChange } from './theme-change.ts'

/** The values of custom properties, for what draws on a canvas. */
export type ThemeColour = (property: string) => string

export interface ChartProps {
  readonly title: string
  /** What the picture shows, in a sentence. */
  readonly text: string
  readonly data: uPlot.AlignedData
  /** Everything but the size; called again when the theme changes. */
  readonly options: (colour: ThemeColour) => Omit<uPlot.Options, 'width' | 'height'>
  readonly height?: number
  /** The same numbers as a table. */
  readonly table: ComponentChild
}

/** The value of a custom property of the theme: `--violation`. */
export const themeColour: ThemeColour = (property) =>
  getComputedStyle(document.documentElement).getPropertyValue(property).trim()

/** An axis in the theme's colours. */
export const themedAxis = (colour: ThemeColour): uPlot.Axis => ({
  stroke: colour('--muted'),
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { stroke: colour('--line'), width: 1 },
})

export function Chart({ title, text, data, options, height = 220, table }: ChartProps): ComponentChild {
  const frame = useRef<HTMLDivElement>(null)
  const theme = useThemeChange()
  useEffect(() => {
    const holder = frame.current
    if (holder === null) return
    const plot = new uPlot({ ...options(themeColour), width: holder.clientWidth, height }, data, holder)
    const observer = new ResizeObserver(() => plot.setSize({ width: holder.clientWidth, height }))
    observer.observe(holder)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [data, options, height, theme])
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong> <span class="muted">{text}</span>
      </figcaption>
      <div ref={frame} role="img" aria-label={`${title}: ${text}`} class="chart-frame" />
      <details>
        <summary>{title} as a table</summary>
        {table}
      </details>
    </figure>
  )
}
