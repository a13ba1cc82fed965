/** The agents that write now: how fast, how often they flush, how far they are safe, and how long ago they were heard. */
import type { ComponentChild } from 'preact'
import type { RunProgress } from '../../../src/core/campaign/campaign.ts'
import type { RunLine } from '../../../src/core/campaign/facts.ts'
import { counted, formatBytes, formatCount } from '../../../src/core/size.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { ageText } from '../components/time.tsx'
import { campaignLink, runLink } from '../links.ts'
import type { Agent, Speed } from './live-store.ts'

/** More rows than that nobody reads. */
const ROWS_MAX = 200
const LATE_MS = 5000
const SILENT_MS = 30_000

export type Silence = 'fresh' | 'late' | 'silent'

export const silenceOf = (ageMs: number): Silence => (ageMs < LATE_MS ? 'fresh' : ageMs < SILENT_MS ? 'late' : 'silent')

interface Row extends Agent {
  readonly ageMs: number
}

export function Agents({
  agents,
  nowMs,
}: {
  readonly agents: readonly Agent[]
  readonly nowMs: number
}): ComponentChild {
  const rows = agents.map((agent) => ({ ...agent, ageMs: nowMs - Date.parse(agent.line.heardAt) }))
  return (
    <>
      <Totals rows={rows} />
      <DataTable
        caption="Agents writing now"
        columns={COLUMNS}
        rows={rows.slice(0, ROWS_MAX)}
        rowKey={({ line }) => line.run}
        stack
      />
      {rows.length > ROWS_MAX ? <p class="muted">{formatCount(rows.length - ROWS_MAX)} more are not listed.</p> : null}
    </>
  )
}

function Totals({ rows }: { readonly rows: readonly Row[] }): ComponentChild {
  const writes = rows.reduce((sum, { speed }) => sum + (speed?.writesPerS ?? 0), 0)
  const silent = rows.filter(({ ageMs }) => silenceOf(ageMs) === 'silent').length
  return (
    <p class="totals">
      <span>
        <strong>{formatCount(rows.length)}</strong> {rows.length === 1 ? 'agent' : 'agents'}
      </span>
      <span>
        <strong>{formatCount(Math.round(writes))}</strong> writes/s
      </span>
      {silent === 0 ? null : (
        <span>
          <strong>{formatCount(silent)}</strong> silent for 30 s or more
        </span>
      )}
    </p>
  )
}

const STATE_TEXTS: Readonly<Record<RunProgress['state'], string>> = {
  preparing: 'preparing',
  writing: 'writing',
  holding: 'holding: may be cut',
  done: 'done',
  failed: 'failed',
}

const stateText = ({ progress }: RunLine): string => (progress === undefined ? 'created' : STATE_TEXTS[progress.state])

const settingText = ({ image, cache, bus }: RunLine): string =>
  [image, cache, bus].filter((value) => value !== '').join(' · ')

function speedText(speed: Speed | undefined): string {
  if (speed === undefined) return '…'
  return formatCount(Math.round(speed.writesPerS))
}

const perSecond = (rate: number): string => (rate >= 10 ? rate.toFixed(0) : rate.toFixed(1))

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Run',
    heads: true,
    cell: ({ line }) => (
      <a class="mono" href={runLink(line.run)}>
        {line.run}
      </a>
    ),
  },
  {
    name: 'Campaign',
    sort: ({ line }) => line.campaign,
    cell: ({ line }) => <a href={campaignLink(line.campaign)}>{line.campaign}</a>,
  },
  { name: 'State', sort: ({ line }) => stateText(line), cell: ({ line }) => stateText(line) },
  { name: 'Host', sort: ({ line }) => line.host, cell: ({ line }) => line.host },
  { name: 'Target', cell: ({ line }) => <Target line={line} /> },
  {
    name: 'Writes/s',
    numeric: true,
    sort: ({ speed }) => speed?.writesPerS ?? 0,
    cell: ({ speed }) => speedText(speed),
  },
  {
    name: 'Flush',
    numeric: true,
    cell: ({ line, speed }) => (
      <span>
        {line.flush}
        {speed === undefined ? '' : `, ${perSecond(speed.flushesPerS)}/s`}
      </span>
    ),
  },
  {
    name: 'Last stable write',
    numeric: true,
    sort: ({ line }) => line.progress?.stable ?? 0,
    cell: ({ line: { progress } }) => <Stable progress={progress} />,
  },
  { name: 'Log', numeric: true, sort: ({ line }) => line.bytes, cell: ({ line }) => formatBytes(line.bytes) },
  {
    name: 'Last heard',
    numeric: true,
    sort: ({ ageMs }) => ageMs,
    cell: ({ ageMs }) => <Heard ageMs={ageMs} />,
  },
]

function Target({ line }: { readonly line: RunLine }): ComponentChild {
  const setting = settingText(line)
  return (
    <span class="target" title={line.target}>
      {setting === '' ? line.target : setting}
    </span>
  )
}

function Stable({ progress }: { readonly progress: RunProgress | undefined }): ComponentChild {
  if (progress === undefined) return <span class="muted">–</span>
  const { stable, issued } = progress
  if (stable === undefined) return <span class="muted">of {counted(issued, 'write')}</span>
  return (
    <span>
      {formatCount(stable)} <span class="muted">of {formatCount(issued)}</span>
    </span>
  )
}

const SILENCE_TEXTS: Readonly<Record<Silence, string>> = { fresh: '', late: 'late', silent: 'silent' }
const SILENCE_GLYPHS: Readonly<Record<Silence, string>> = { fresh: '', late: '◔ ', silent: '● ' }

function Heard({ ageMs }: { readonly ageMs: number }): ComponentChild {
  const silence = silenceOf(ageMs)
  return (
    <span class={`heard ${silence}`}>
      {SILENCE_TEXTS[silence] === '' ? null : (
        <span class="heard-word">
          <span aria-hidden="true">{SILENCE_GLYPHS[silence]}</span>
          {SILENCE_TEXTS[silence]}
        </span>
      )}{' '}
      {ageText(ageMs)}
    </span>
  )
}
