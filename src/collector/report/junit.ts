/**
 * JUnit XML for build servers: a test case for each run, and one for whether the campaign shows anything at all.
 *
 * Build servers count failures and errors as broken and `skipped` as neither passed nor broken. So a violation is a
 * failure; a run that can neither acquit nor convict is skipped, with its reason, for a cut that came too early is no
 * fault of the disk; and where no run acquits or convicts, the case on the evidence is an error: green means checked.
 * Cases are named by their place in the campaign, not by run ids, so that a server can follow them from build to build.
 */
import type { RunSummary } from '../../core/campaign/campaign.ts'
import { FINDING_KINDS } from '../../core/finding.ts'
import { element, xmlDocument } from '../../core/xml.ts'
import type { ReportFormat } from './format.ts'
import type { Report } from './report-data.ts'
import { campaignLines } from './text.ts'
import { standingOf, totalsLines } from './words.ts'

const SUITE = 'plugpull'

export const junit: ReportFormat = {
  name: 'junit',
  summary: 'JUnit XML for build servers: a test case for each run',
  mediaType: 'application/xml; charset=utf-8',
  extension: 'xml',
  render,
}

function render(report: Report): string {
  const { campaign, runs } = report
  const outcomes = runs.map(outcomeOf)
  const count = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length
  const evidence = evidenceProblem(report)
  const counts = {
    tests: runs.length + 1,
    failures: count('failure'),
    errors: evidence === undefined ? 0 : 1,
    skipped: count('skipped'),
  }
  const classname = `${SUITE}.${campaign}`
  const started = runs[0] === undefined ? {} : { timestamp: runs[0].createdAt }
  const suite = element('testsuite', { name: campaign, ...counts, ...started }, [
    element('properties', {}, propertiesOf(report)),
    evidenceCase(classname, evidence),
    ...runs.map((run, index) => runCase(classname, index + 1, run)),
    element('system-out', {}, `${campaignLines(report).join('\n')}\n`),
  ])
  return xmlDocument(element('testsuites', { name: SUITE, ...counts }, [suite]))
}

type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failure' | 'skipped'; readonly message: string; readonly lines: readonly string[] }

/** A violation is one whether or not the power was cut. */
function outcomeOf(run: RunSummary): Outcome {
  const { verdict } = run
  if (verdict?.verdict === 'violation') {
    const broken = FINDING_KINDS.filter((kind) => verdict.violations[kind] > 0)
    const told = broken.map((kind) => `${verdict.violations[kind]} ${kind}`).join(', ')
    const lies = verdict.liedFlushes === 0 ? [] : [`flushes that were a lie: ${verdict.liedFlushes}`]
    const contract = `contract: ${verdict.contract}; what was found is consistent with: ${verdict.consistentWith.join(', ') || 'no contract'}`
    return { kind: 'failure', message: `contract broken: ${told}`, lines: [contract, ...lies] }
  }
  switch (standingOf(run)) {
    case 'unverified':
      return { kind: 'skipped', message: 'not verified', lines: [] }
    case 'uncut':
      return { kind: 'skipped', message: 'the power was not cut, so the run says nothing of a cut', lines: [] }
    case 'inconclusive':
      return { kind: 'skipped', message: `inconclusive: ${verdict?.inconclusiveBecause.join('; ')}`, lines: [] }
    case 'held':
    case 'violation':
      return { kind: 'passed' }
  }
}

function runCase(classname: string, cycle: number, run: RunSummary): string {
  const outcome = outcomeOf(run)
  const attributes = { classname, name: `cycle ${cycle}` }
  const properties = element('properties', {}, [element('property', { name: 'run', value: run.run })])
  if (outcome.kind === 'passed') return element('testcase', attributes, [properties])
  const { kind, message, lines } = outcome
  const place = [`run ${run.run}, created ${run.createdAt}`, `go on with: plugpull explain ${run.run} --collector URL`]
  const body =
    kind === 'failure'
      ? element('failure', { type: 'violation', message }, [...lines, ...place].join('\n'))
      : element('skipped', { message: `${message} (run ${run.run})` })
  return element('testcase', attributes, [properties, body])
}

/** Why the campaign as a whole proves nothing. */
function evidenceProblem({ summary: { runs, held, violation } }: Report): string | undefined {
  if (runs === 0) return 'the campaign has no run'
  return held + violation === 0 ? 'no run could acquit or convict' : undefined
}

function evidenceCase(classname: string, problem: string | undefined): string {
  const attributes = { classname, name: 'the evidence suffices' }
  if (problem === undefined) return element('testcase', attributes)
  return element('testcase', attributes, [element('error', { type: 'inconclusive', message: problem })])
}

function propertiesOf(report: Report): readonly string[] {
  const { campaign, setup, evidence } = report
  const facets = Object.entries(setup ?? {}).map(([facet, values]): [string, string] => [
    `setup.${facet}`,
    Object.entries(values)
      .map(([value, count]) => `${value} (${count})`)
      .join(', '),
  ])
  const sentences = evidence.sentences.map(({ about, text: sentence }): [string, string] => [
    `evidence.${about}`,
    sentence,
  ])
  const totals = totalsLines(report).map((line): [string, string] => ['total', line])
  return [['campaign', campaign] as const, ...facets, ...sentences, ...totals].map(([name, value]) =>
    element('property', { name, value }),
  )
}
