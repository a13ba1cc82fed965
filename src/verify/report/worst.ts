/** Which findings are worth a reader's time first. */
import { FINDING_KINDS, type Finding } from '../../core/finding.ts'

/** Findings that the text report tells in full. */
export const TOLD_IN_FULL = 5

function byWeight(a: Finding, b: Finding): number {
  return (b.ageMs ?? 0) - (a.ageMs ?? 0) || b.sectors - a.sectors || a.lba - b.lba || (a.write ?? 0) - (b.write ?? 0)
}

const isLie = ({ rule }: Finding): boolean => rule === 'flush-lie'

/** A flush that was a lie sums many losses up: it stands first, and one is enough. */
const QUEUES: readonly { readonly belongs: (finding: Finding) => boolean; readonly most: number }[] = [
  { belongs: isLie, most: 1 },
  ...FINDING_KINDS.map((kind) => ({
    belongs: (finding: Finding) => finding.kind === kind && !isLie(finding),
    most: Number.POSITIVE_INFINITY,
  })),
]

/**
 * The `count` findings to tell: violations before hazards, and of each severity one of every kind before a second of any,
 * so that a thousand lost writes do not hide the one that was torn. Within a kind the oldest loss first, then the longest.
 */
export function worstOf(findings: readonly Finding[], count: number): readonly Finding[] {
  const chosen: Finding[] = []
  for (const severity of ['violation', 'hazard'] as const) {
    const ofSeverity = findings.filter((finding) => finding.severity === severity)
    const queues = QUEUES.map(({ belongs, most }) => ofSeverity.filter(belongs).toSorted(byWeight).slice(0, most))
    const rounds = Math.max(0, ...queues.map((queue) => queue.length))
    for (let round = 0; round < rounds; round++) {
      for (const queue of queues) {
        const finding = queue[round]
        if (finding !== undefined && chosen.length < count) chosen.push(finding)
      }
      if (chosen.length >= count) return chosen
    }
  }
  return chosen
}
