/** What a report is worth, given what was really done to the disk. Pure: the same rules for every tool. */
import { SECTOR_BYTES } from './faults.ts'
import type { Accusation, Report } from './tool.ts'

export interface Score {
  readonly word: Report['word']
  /** It accuses a place that the fault changed, and of something that it does not hold against the undamaged twin. */
  readonly detected: boolean
  /** Those accusations in the tool's own words, and how many there are of each. */
  readonly says: Readonly<Record<string, number>>
  /** One of those accusations names the kind of fault. */
  readonly named: boolean
  /** Sectors that the fault changed, how many of them are in such an accusation, and how many sectors those accuse in all. */
  readonly changed: number
  readonly found: number
  readonly accused: number
  /** Every one of those accusations says which write is concerned. */
  readonly namesWrite: boolean
  /** Accusations of places that the fault did not change, and that the twin does not show either. */
  readonly stray: number
  readonly said?: string
  readonly ms: number
}

/** `twin` is the report of the same tool on the same file without the damage, where there is one. */
export function score(
  report: Report,
  changed: readonly number[],
  names: RegExp,
  twin: readonly Accusation[] = [],
): Score {
  const known = new Set(twin.map(keyOf))
  const hurt = new Set(changed)
  const fresh = report.accusations.filter((accusation) => !known.has(keyOf(accusation)))
  const right = fresh.filter((accusation) => sectorsOf(accusation).some((sector) => hurt.has(sector)))
  const accused = new Set(right.flatMap(sectorsOf))
  return {
    word: report.word,
    detected: right.length > 0,
    says: countTexts(right),
    named: right.some(({ text }) => names.test(text)),
    changed: hurt.size,
    found: [...accused].filter((sector) => hurt.has(sector)).length,
    accused: accused.size,
    namesWrite: right.length > 0 && right.every(({ namesWrite }) => namesWrite),
    stray: fresh.length - right.length,
    ...(report.said === undefined ? {} : { said: report.said }),
    ms: Math.round(report.ms),
  }
}

const keyOf = ({ text, offset, bytes }: Accusation): string => `${text} ${offset} ${bytes}`

function sectorsOf({ offset, bytes }: Accusation): readonly number[] {
  const first = Math.floor(offset / SECTOR_BYTES)
  return Array.from({ length: Math.ceil((offset + bytes) / SECTOR_BYTES) - first }, (_, index) => first + index)
}

export function countTexts(accusations: readonly Accusation[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { text } of accusations) counts[text] = (counts[text] ?? 0) + 1
  return counts
}
