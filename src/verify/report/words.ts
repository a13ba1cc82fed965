/** Sentences about a verdict, shared by the reports: made from its counts and facts, never from another text. */
import { FINDING_KINDS, type FindingKind } from '../../core/finding.ts'
import { counted, formatCount, formatMs } from '../../core/size.ts'
import type { Verdict } from '../../core/verdict.ts'

export { counted, formatCount }

/** Sectors `from` to the one before `from + sectors`, as people count them. */
export const sectorSpan = (from: number, sectors: number): string =>
  sectors === 1 ? `sector ${from}` : `sectors ${from}–${from + sectors - 1}`

/** A time on the run's clock: ms since its start. */
export function formatClock(ms: number): string {
  return ms < 1000 ? formatMs(ms) : `${(ms / 1000).toFixed(3)} s`
}

const be = (count: number): string => (count === 1 ? 'is' : 'are')

/** What a count of violations of that kind says. */
export function violationPhrase(kind: FindingKind, count: number): string {
  switch (kind) {
    case 'lost':
      return `${counted(count, 'stable write')} ${be(count)} lost`
    case 'torn':
      return `${counted(count, 'write')} ${be(count)} torn against the contract`
    case 'reordered':
      return `${counted(count, 'write')} ${be(count)} missing behind later ones that survived`
    case 'misdirected':
      return `${counted(count, 'sector')} ${count === 1 ? 'holds' : 'hold'} what was written for another address`
    case 'collateral':
      return `${counted(count, 'sector')} changed though nothing wrote there`
    case 'corrupt':
      return `${counted(count, 'sector')} ${count === 1 ? 'holds' : 'hold'} bytes that no write explains`
    case 'phantom':
      return `${counted(count, 'sector')} ${count === 1 ? 'holds' : 'hold'} writes that were never issued`
    case 'unreadable':
      return `${counted(count, 'sector')} cannot be read`
  }
}

function hazardPhrases({ hazards }: Verdict): readonly string[] {
  const phrases: string[] = []
  if (hazards.lost > 0) phrases.push(`${counted(hazards.lost, 'complete write')} lost`)
  if (hazards.torn > 0) phrases.push(`${counted(hazards.torn, 'write')} torn`)
  if (hazards.reordered > 0) phrases.push(`${counted(hazards.reordered, 'write')} reordered`)
  if (hazards.corrupt > 0) phrases.push(`${counted(hazards.corrupt, 'sector')} undefined`)
  return phrases
}

/** `2 writes lost, 1 torn`, or `none`. */
export function hazardSummary(verdict: Verdict): string {
  return hazardPhrases(verdict).join(', ') || 'none'
}

/** `2 stable writes are lost, 1 sector cannot be read`, or `none`. */
export function violationSummary({ violations }: Verdict): string {
  const phrases: string[] = []
  for (const kind of FINDING_KINDS) {
    if (violations[kind] > 0) phrases.push(violationPhrase(kind, violations[kind]))
  }
  return phrases.join(', ') || 'none'
}

/** The one sentence behind the verdict's word. */
export function whyOf(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'violation': {
      const lie =
        verdict.liedFlushes === 0
          ? ''
          : `; ${counted(verdict.liedFlushes, 'flush was a lie', 'flushes were a lie')}: nothing ${verdict.liedFlushes === 1 ? 'it' : 'they'} had promised is there`
      return `the device broke its contract: ${violationSummary(verdict)}${lie}`
    }
    case 'inconclusive':
      return `the evidence cannot acquit the device: ${verdict.inconclusiveBecause.join('; ')}`
    case 'held': {
      const permitted = hazardPhrases(verdict)
      const kept = `${counted(verdict.checked.stableSectors, 'stable sector')} checked, and all that was promised is there`
      return permitted.length === 0
        ? kept
        : `${kept}; ${permitted.join(', ')}: permitted, for nothing had promised to keep that yet`
    }
  }
}
