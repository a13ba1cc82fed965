/**
 * JUnit XML for build servers: a test case for each way to break the contract, and one for whether the evidence can acquit
 * at all, which errs where it cannot: an inconclusive run must not look like a passed one. Hazards never fail a case: they
 * are properties and the output of the suite.
 */
import { FINDING_KINDS, type Finding, type FindingKind } from '../../core/finding.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { Report, Verification } from './report.ts'
import { factLines, placeOf } from './story.ts'
import { violationPhrase, whyOf } from './words.ts'
import { text } from './text.ts'
import { element, xmlDocument } from '../../core/xml.ts'

const SUITE = 'plugpull'
/** Findings told in the text of one failure. */
const FINDINGS_TOLD = 20

export const junit: Report = {
  name: 'junit',
  summary: 'JUnit XML for build servers: a test case for each way to break the contract',
  drawsPictures: true,
  render(verification) {
    const { verdict, manifest } = verification
    const failures = FINDING_KINDS.filter((kind) => verdict.violations[kind] > 0).length
    const errors = verdict.verdict === 'inconclusive' ? 1 : 0
    const counts = { tests: FINDING_KINDS.length + 1, failures, errors }
    const suite = element(
      'testsuite',
      { name: SUITE, ...counts, skipped: 0, timestamp: manifest.startedAt, hostname: manifest.environment.hostname },
      [
        element('properties', {}, propertiesOf(verification)),
        ...FINDING_KINDS.map((kind) => violationCase(kind, verdict)),
        evidenceCase(verdict),
        element('system-out', {}, text.render(verification, { colour: false })),
      ],
    )
    return xmlDocument(element('testsuites', { name: SUITE, ...counts }, [suite]))
  },
}

function propertiesOf({ verdict, manifest, target, log }: Verification): readonly string[] {
  const { checked, exposure, hazards } = verdict
  const values: Readonly<Record<string, string | number>> = {
    run: verdict.run,
    campaign: manifest.campaign,
    target: target.path,
    log,
    verdict: verdict.verdict,
    contract: verdict.contract,
    consistentWith: verdict.consistentWith.join(' '),
    ...prefixed('checked', checked),
    ...prefixed('hazards', hazards),
    ...prefixed('exposure', exposure),
    ...prefixed('label', manifest.environment.labels),
  }
  return Object.entries(values).map(([name, value]) => element('property', { name, value }))
}

function prefixed(prefix: string, values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, String(value)]))
}

function violationCase(kind: FindingKind, verdict: Verdict): string {
  const count = verdict.violations[kind]
  const attributes = { classname: SUITE, name: `nothing ${kind}` }
  if (count === 0) return element('testcase', attributes)
  const findings = verdict.findings.filter((finding) => finding.kind === kind && finding.severity === 'violation')
  const told = findings.slice(0, FINDINGS_TOLD).map(tell)
  const more = findings.length + (verdict.findingsOmitted > 0 ? 1 : 0) > FINDINGS_TOLD ? ['… and more'] : []
  const message = violationPhrase(kind, count)
  return element('testcase', attributes, [element('failure', { type: kind, message }, [...told, ...more].join('\n'))])
}

function tell(finding: Finding): string {
  return [`${placeOf(finding)}: ${finding.explanation}`, ...factLines(finding).map((line) => `  ${line}`)].join('\n')
}

function evidenceCase(verdict: Verdict): string {
  const attributes = { classname: SUITE, name: 'the evidence suffices' }
  if (verdict.verdict !== 'inconclusive') return element('testcase', attributes)
  return element('testcase', attributes, [
    element('error', { type: 'inconclusive', message: whyOf(verdict) }, verdict.inconclusiveBecause.join('\n')),
  ])
}
