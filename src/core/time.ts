/**
 * Times as texts. What is kept is compared as text, which orders times only where all are written alike: as `toISOString`
 * writes them. A time from outside may have an offset, no fraction or lower-case letters, and is brought to that form first.
 */

const TIME = /^(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d:\d\d)(\.\d+)?(z|[+-]\d\d(?::?\d\d)?)$/i

/** `2026-01-31T12:00:00.000Z`: with four digits of the year. */
const CANONICAL_LENGTH = 24

/** A time in ISO 8601 as `2026-01-31T12:00:00.000Z`; beyond milliseconds it is cut off. `undefined` for what is no time. */
export function canonicalTime(text: string): string | undefined {
  const [, day, time, fraction = '.', zone] = TIME.exec(text) ?? []
  if (day === undefined || time === undefined || zone === undefined || !isDay(day)) return undefined
  const date = new Date(`${day}T${time}${fraction.padEnd(4, '0').slice(0, 4)}${zoneOf(zone)}`)
  if (Number.isNaN(date.getTime())) return undefined
  const canonical = date.toISOString()
  return canonical.length === CANONICAL_LENGTH ? canonical : undefined
}

/** Date takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

function zoneOf(zone: string): string {
  if (zone === 'z' || zone === 'Z') return 'Z'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`
}
