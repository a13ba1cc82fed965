/** Times: exact for machines and on hover, short for people. All in UTC, as everywhere in plugpull. */
import type { ComponentChild } from 'preact'

/** `2026-01-31 12:00:05Z`. */
export const timeText = (iso: string): string => iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z')

export function Time({ iso }: { readonly iso: string }): ComponentChild {
  return (
    <time dateTime={iso} title={iso}>
      {timeText(iso)}
    </time>
  )
}

/** 4.2 s, 3 min, 2 h, 5 d: one unit, for what has to be read at a glance. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.floor(seconds)} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
