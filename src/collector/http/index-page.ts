/**
 * The collector's page for people: campaigns, runs, and the words of a verdict, as one self-contained HTML document that
 * reloads itself. No script and nothing loaded from elsewhere. Data in, text out: routes.ts sends it.
 */
import type { CampaignCounts, CutRecord, RunSummary, RunView } from '../../core/campaign/campaign.ts'
import { FINDING_KINDS } from '../../core/finding.ts'
import { formatBytes, formatMs } from '../../core/size.ts'

const REFRESH_S = 5
const FINDINGS_SHOWN = 50

const STYLE = `
:root { color-scheme: light dark; --line: #8885; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
code { font-family: ui-monospace, monospace; }
.held { color: #197a2f; } .violation { color: #c4201d; font-weight: 700; } .inconclusive { color: #9a6700; }
@media (prefers-color-scheme: dark) { .held { color: #56d364; } .violation { color: #ff7b72; } .inconclusive { color: #e3b341; } }
.muted { opacity: .65; }`

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="${REFRESH_S}"><title>${escape(title)}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`
}

const link = (query: Record<string, string>, text: string): string =>
  `<a href="/?${escape(new URLSearchParams(query).toString())}">${escape(text)}</a>`

const when = (iso: string): string => escape(iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z'))
const word = (text: string): string => `<span class="${escape(text)}">${escape(text)}</span>`

/** Campaigns and the newest runs, of all of them or of one. */
export function renderIndex(
  campaigns: readonly CampaignCounts[],
  runs: readonly RunSummary[],
  campaign: string | undefined,
): string {
  const title = campaign === undefined ? 'plugpull' : `plugpull: ${campaign}`
  const home = campaign === undefined ? '' : '<p><a href="/">All campaigns</a></p>'
  const empty =
    '<p class="muted">Nothing here yet. An agent started with --collector and this address appears by itself.</p>'
  const shown = campaigns.filter((one) => campaign === undefined || one.campaign === campaign)
  const body = shown.length === 0 ? empty : `${campaignTable(shown)}<h2>Newest runs</h2>${runTable(runs)}`
  return page(title, `<h1>${escape(title)}</h1>${home}${body}`)
}

function campaignTable(campaigns: readonly CampaignCounts[]): string {
  const rows = campaigns.map(
    (one) => `<tr><td>${link({ campaign: one.campaign }, one.campaign)}</td><td class="n">${one.runs}</td>
<td class="n">${one.held}</td><td class="n">${one.violation}</td><td class="n">${one.inconclusive}</td><td>${when(one.lastAt)}</td></tr>`,
  )
  return `<table><thead><tr><th>Campaign</th><th class="n">Runs</th><th class="n">held</th><th class="n">violation</th>
<th class="n">inconclusive</th><th>Newest run</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
}

function runTable(runs: readonly RunSummary[]): string {
  const rows = runs.map(
    (
      run,
    ) => `<tr><td><code>${link({ run: run.run }, run.run)}</code></td><td>${escape(run.campaign)}</td><td>${when(run.createdAt)}</td>
<td>${run.progress === undefined ? '' : `${run.progress.state}, ${run.progress.completed} writes`}</td><td class="n">${formatBytes(run.bytes)}</td>
<td>${run.cut === undefined ? '' : cutText(run.cut)}</td><td>${run.verdict === undefined ? '' : `${word(run.verdict.verdict)} ${countsText(run.verdict)}`}</td></tr>`,
  )
  return `<table><thead><tr><th>Run</th><th>Campaign</th><th>Created</th><th>Agent</th><th class="n">Log</th><th>Cut</th><th>Verdict</th></tr></thead>
<tbody>${rows.join('')}</tbody></table>`
}

function cutText(cut: CutRecord): string {
  const signal =
    cut.signal === undefined || cut.kind.toLowerCase() === cut.signal.toLowerCase() ? '' : ` (${cut.signal})`
  return escape(`${cut.kind}${signal}${cut.died ? '' : ', the target did not die'}`)
}

function countsText({
  violations,
  hazards,
}: Pick<NonNullable<RunSummary['verdict']>, 'violations' | 'hazards'>): string {
  const bad = FINDING_KINDS.filter((kind) => violations[kind] > 0).map((kind) => `${violations[kind]} ${kind}`)
  const risky = (['lost', 'torn', 'reordered', 'corrupt'] as const)
    .filter((kind) => hazards[kind] > 0)
    .map((kind) => `${hazards[kind]} ${kind}`)
  const parts = [...bad, ...(risky.length === 0 ? [] : [`hazards: ${risky.join(', ')}`])]
  return `<span class="muted">${escape(parts.join(', '))}</span>`
}

/** One run: what it was, how it ended, and what was found. */
export function renderRun(run: RunView): string {
  const { manifest, verdict } = run
  const facts: [string, string][] = [
    ['Campaign', link({ campaign: run.campaign }, run.campaign)],
    ['Created', when(run.createdAt)],
    ['Target', escape(manifest.target?.path ?? 'unknown')],
    [
      'Labels',
      escape(
        Object.entries(manifest.environment?.labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .join(', '),
      ),
    ],
    ['Log', `${formatBytes(run.bytes)} on stable storage`],
    [
      'Agent',
      run.progress === undefined
        ? ''
        : `${run.progress.state}: ${run.progress.issued} writes issued, ${run.progress.completed} complete, ${run.progress.flushes} flushes`,
    ],
    ['Cut', run.cut === undefined ? 'none recorded' : `${cutText(run.cut)} at ${when(run.cut.at)}`],
    [
      'Verdict',
      verdict === undefined
        ? 'not verified yet'
        : `${word(verdict.verdict)} under ${escape(verdict.contract)} ${countsText(verdict)}`,
    ],
  ]
  const rows = facts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `<tr><th>${name}</th><td>${text}</td></tr>`)
  return page(
    `plugpull: run ${run.run}`,
    `<h1>Run <code>${escape(run.run)}</code></h1><p><a href="/">All campaigns</a></p><table>${rows.join('')}</table>${verdict === undefined ? '' : story(verdict)}`,
  )
}

function story(verdict: NonNullable<RunView['verdict']>): string {
  const { exposure, checked } = verdict
  const because = verdict.inconclusiveBecause.map((reason) => `<li>${escape(reason)}</li>`).join('')
  const findings = verdict.findings
    .slice(0, FINDINGS_SHOWN)
    .map(
      ({ kind, severity, explanation }) =>
        `<li><strong>${escape(kind)}</strong> (${escape(severity)}): ${escape(explanation)}</li>`,
    )
  const hidden = verdict.findings.length - findings.length + verdict.findingsOmitted
  return `<h2>What was checked</h2>
<p>${checked.stableSectors} stable sectors of ${checked.sectors}; ${checked.issuedWrites} writes issued, ${checked.completeWrites} complete,
${checked.stableWrites} stable after ${checked.flushes} flushes. Lost at the cut: ${exposure.lostWrites} writes, ${formatBytes(exposure.lostBytes)}${exposure.lostWrites > 0 ? `, the oldest ${formatMs(exposure.oldestLostMs)} old` : ''}.</p>
${because === '' ? '' : `<ul>${because}</ul>`}<h2>Findings</h2>${findings.length === 0 ? '<p>None.</p>' : `<ol>${findings.join('')}</ol>`}
${hidden > 0 ? `<p class="muted">${hidden} more are not shown.</p>` : ''}`
}
