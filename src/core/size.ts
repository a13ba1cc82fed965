/** Sizes, ranges and durations as people write them: `4k`, `512-64k`, `0..256M`, `500ms`. Binary multiples throughout. */
import { ProbeError } from './errors.ts'

const SIZE = /^(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?$/i
const FACTOR: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `4k` → 4096. Throws BAD_OPTION naming `option`. */
export function parseSize(text: string, option: string): number {
  const match = SIZE.exec(text.trim())
  const bytes = match === null ? Number.NaN : Number(match[1]) * (FACTOR[(match[2] ?? '').toLowerCase()] ?? Number.NaN)
  if (!Number.isSafeInteger(bytes)) {
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(text)}; it takes a size such as 512, 4k, 1M or 2G`,
    )
  }
  return bytes
}

/** `512-64k` or `4k` → least and most, in bytes. Throws BAD_OPTION naming `option`. */
export function parseSizeSpan(text: string, option: string): { readonly least: number; readonly most: number } {
  const [first = '', second, ...more] = text.split('-')
  const least = parseSize(first, option)
  const most = second === undefined ? least : parseSize(second, option)
  if (more.length > 0 || most < least || least === 0) {
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(text)}; it takes one size (4k) or a span (512-64k)`,
    )
  }
  return { least, most }
}

/** `0..256M` → first byte and the byte after the last. Throws BAD_OPTION naming `option`. */
export function parseRange(text: string, option: string): { readonly from: number; readonly to: number } {
  const parts = text.split('..')
  if (parts.length !== 2)
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(text)}; it takes FROM..TO, such as 0..256M`)
  const from = parseSize(parts[0] ?? '', option)
  const to = parseSize(parts[1] ?? '', option)
  if (to <= from)
    throw new ProbeError('BAD_OPTION', `${option} got ${JSON.stringify(text)}; the end must lie beyond the start`)
  return { from, to }
}

const DURATION = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)?$/
const MILLISECONDS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `1.5s`, `2m` → milliseconds; a bare number is in `bareUnit`. Throws BAD_OPTION naming `option`. */
export function parseDurationMs(text: string, option: string, bareUnit: 'ms' | 's' = 's'): number {
  const match = DURATION.exec(text.trim())
  if (match === null)
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(text)}; it takes a duration such as 500ms, 2s or 1m`,
    )
  return Number(match[1]) * (MILLISECONDS[match[2] ?? bareUnit] ?? 1)
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** 4096 → `4 KiB`; at most one decimal. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`
}

/** 65536 → `64k`: exact, and as `parseSize` takes it. */
export function sizeArgument(bytes: number): string {
  for (const unit of ['t', 'g', 'm', 'k']) {
    const factor = FACTOR[unit] ?? 1
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit === 'k' ? unit : unit.toUpperCase()}`
  }
  return String(bytes)
}

/** 1234.5 → `1.2 s`; for people, three significant figures at most. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(0)} µs`
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${(ms / 60_000).toFixed(1)} min`
}

/** 1234567 → `1,234,567`. */
export const formatCount = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')

/** `1 write`, `3 writes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** 0.0722 → `7.2 %`. */
export const formatPercent = (share: number): string => `${(share * 100).toFixed(1)} %`
