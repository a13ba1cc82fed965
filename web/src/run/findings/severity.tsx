/** The kind of a finding as a badge; what the contract forbids and what it permits differ in glyph, colour and word. */
import type { ComponentChild } from 'preact'
import type { FindingKind, Severity as SeverityName } from '../../../../src/core/finding.ts'
import { Word } from '../../components/word.tsx'

export function Severity({
  kind,
  severity,
}: {
  readonly kind: FindingKind
  readonly severity: SeverityName
}): ComponentChild {
  return <Word state={severity} text={severity === 'violation' ? kind : `${kind}, hazard`} />
}
