/** Many runs in SQL: campaigns, cells of the matrix, runs in one line each, totals. */
import type { CampaignCounts, VerifiedRun } from '../../core/campaign/campaign.ts'
import { type CellCounts, FACETS, type Facet, type FactsFilter, type RunLine } from '../../core/campaign/facts.ts'
import { type CampaignSetup, SetupCounter, setupOf } from '../../core/campaign/setup.ts'
import { isManifest } from '../../core/manifest-shape.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import type { Sql, SqlValue } from './database.ts'
import { type LineRow, lineOf } from './rows.ts'
import type { CampaignRecords, LineQuery, StoreTotals } from './store.ts'

const countOf = (condition: string): string => `sum(CASE WHEN ${condition} THEN 1 ELSE 0 END)`

/** Manifests can be long and runs many: so many are read at a time. */
const RUNS_AT_A_TIME = 500

/** Of runs with a cut, but for `runs`, `verified` and `withoutCut`: as core/campaign/campaign summarises them. */
const COUNTS = `
  count(*) AS "runs", ${countOf('word IS NOT NULL')} AS "verified", ${countOf('was_cut = 0')} AS "withoutCut",
  ${countOf("word = 'held' AND was_cut = 1")} AS "held",
  ${countOf("word = 'violation' AND was_cut = 1")} AS "violation",
  ${countOf("word = 'inconclusive' AND was_cut = 1")} AS "inconclusive"`

const CAMPAIGNS = `
  SELECT campaign, ${COUNTS}, ${countOf("fault <> ''")} AS "injected", min(created_at) AS "firstAt", max(created_at) AS "lastAt"
  FROM facts GROUP BY campaign ORDER BY max(created_at) DESC, max(run) DESC`

const CELLS = `
  rig, cache, image, cut, fault, control, campaign, ${COUNTS},
  ${countOf("word = 'violation' AND was_cut = 0")} AS "violationWithoutCut",
  ${countOf('was_cut = 1 AND shows_all = 1')} AS "telling",
  ${countOf('was_cut = 1 AND shows_all = 1 AND lost > 0')} AS "lost",
  ${countOf('was_cut = 1 AND shows_all = 1 AND torn > 0')} AS "torn",
  ${countOf('was_cut = 1 AND shows_all = 1 AND reordered > 0')} AS "reordered",
  ${countOf('was_cut = 1 AND other > 0')} AS "other",
  coalesce(sum(CASE WHEN was_cut = 1 THEN lost_bytes ELSE 0 END), 0) AS "lostBytes",
  coalesce(max(CASE WHEN was_cut = 1 THEN oldest_lost_ms ELSE 0 END), 0) AS "oldestLostMs",
  max(created_at) AS "lastAt"`

const LINES = `
  SELECT facts.*, logs.heard_at, logs.bytes, logs.progress, runs.cut AS cut_record
  FROM facts JOIN logs ON logs.run = facts.run JOIN runs ON runs.run = facts.run`

export const campaignList = (sql: Sql): Promise<readonly CampaignCounts[]> => sql.all<CampaignCounts>(CAMPAIGNS)

export async function campaignOf(sql: Sql, name: string): Promise<CampaignRecords | undefined> {
  const [counted] = await sql.all<{ readonly runs: number }>('SELECT count(*) AS runs FROM runs WHERE campaign = ?', [
    name,
  ])
  if (counted === undefined || counted.runs === 0) return undefined
  return { runs: counted.runs, verdicts: await verifiedRuns(sql, name), setup: await setupOfCampaign(sql, name) }
}

async function verifiedRuns(sql: Sql, name: string): Promise<readonly VerifiedRun[]> {
  const rows = await sql.all<{ readonly summary: string; readonly cut: string | null }>(
    `SELECT verdicts.summary, runs.cut FROM runs JOIN facts ON facts.run = runs.run
       JOIN verdicts ON verdicts.run = runs.run AND verdicts.number = facts.verdict_number
     WHERE runs.campaign = ? ORDER BY runs.created_at, runs.run`,
    [name],
  )
  // The cut is the run's, whatever a verdict has of that name.
  return rows.map(({ summary, cut }) => ({ ...JSON.parse(summary), cut: cut === null ? undefined : JSON.parse(cut) }))
}

interface WrittenRun {
  readonly run: string
  readonly created_at: string
  readonly manifest: string
  readonly cut: string | null
}

async function setupOfCampaign(sql: Sql, name: string): Promise<CampaignSetup> {
  const counter = new SetupCounter()
  for (let at = { created_at: '', run: '' }; ;) {
    const rows = await sql.all<WrittenRun>(
      `SELECT run, created_at, manifest, cut FROM runs
       WHERE campaign = ? AND (created_at > ? OR (created_at = ? AND run > ?)) ORDER BY created_at, run LIMIT ?`,
      [name, at.created_at, at.created_at, at.run, RUNS_AT_A_TIME],
    )
    for (const { manifest, cut } of rows) {
      const parsed: unknown = JSON.parse(manifest)
      if (isManifest(parsed)) counter.add(setupOf(parsed, cut === null ? undefined : JSON.parse(cut)))
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < RUNS_AT_A_TIME) return counter.setup()
    at = last
  }
}

/** A filter as a WHERE over facts; a facet that is asked for as empty is one that is not told. */
function whereOf(filter: FactsFilter, more: readonly (readonly [string, SqlValue])[] = []) {
  const { campaign, from, to } = filter
  const conditions: (readonly [string, SqlValue])[] = [...more]
  if (campaign !== undefined) conditions.push(['facts.campaign = ?', campaign])
  if (from !== undefined) conditions.push(['facts.created_at >= ?', from])
  if (to !== undefined) conditions.push(['facts.created_at < ?', to])
  for (const facet of FACETS) {
    const value = filter[facet]
    if (value !== undefined) conditions.push([`facts.${facet} = ?`, value])
  }
  const text = conditions.length === 0 ? '' : `WHERE ${conditions.map(([condition]) => condition).join(' AND ')}`
  return { text, values: conditions.map(([, value]) => value) }
}

export async function cellList(sql: Sql, filter: FactsFilter): Promise<readonly CellCounts[]> {
  const where = whereOf(filter)
  return sql.all<CellCounts>(
    `SELECT ${CELLS} FROM facts ${where.text} GROUP BY rig, cache, image, cut, fault, control, campaign
     ORDER BY rig, cache, image, cut, fault, control, campaign`,
    where.values,
  )
}

/** Runs that changed since a time are those whose facts did and those whose log did: two indexes, and no OR between them. */
export async function lineList(sql: Sql, { changedSince, limit, ...filter }: LineQuery): Promise<readonly RunLine[]> {
  if (changedSince === undefined) return linesWhere(sql, filter, [], limit)
  const changed = await linesWhere(sql, filter, [['facts.changed_at >= ?', changedSince]], limit)
  const heard = await linesWhere(sql, filter, [['logs.heard_at >= ?', changedSince]], limit)
  const lines = new Map([...changed, ...heard].map((line) => [line.run, line]))
  return [...lines.values()].toSorted(newestFirst).slice(0, limit)
}

function newestFirst(a: RunLine, b: RunLine): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1
  return a.run < b.run ? 1 : -1
}

async function linesWhere(
  sql: Sql,
  filter: FactsFilter,
  more: readonly (readonly [string, SqlValue])[],
  limit: number,
): Promise<readonly RunLine[]> {
  const where = whereOf(filter, more)
  const rows = await sql.all<LineRow>(`${LINES} ${where.text} ORDER BY facts.created_at DESC, facts.run DESC LIMIT ?`, [
    ...where.values,
    limit,
  ])
  return rows.map(lineOf)
}

export async function facetValues(sql: Sql): Promise<Readonly<Record<Facet, readonly string[]>>> {
  const values = new Map<Facet, readonly string[]>()
  for (const facet of FACETS) {
    const rows = await sql.all<{ readonly value: string }>(`SELECT DISTINCT ${facet} AS value FROM facts`)
    values.set(facet, rows.map(({ value }) => value).toSorted())
  }
  const of = (facet: Facet): readonly string[] => values.get(facet) ?? []
  return {
    rig: of('rig'),
    cache: of('cache'),
    image: of('image'),
    cut: of('cut'),
    bus: of('bus'),
    fault: of('fault'),
    control: of('control'),
    qemu: of('qemu'),
    kernel: of('kernel'),
    host: of('host'),
    workload: of('workload'),
    contract: of('contract'),
  }
}

export async function totalsOf(sql: Sql, storeBytes: number): Promise<StoreTotals> {
  const words = await sql.all<{ readonly word: VerdictWord | null; readonly runs: number }>(
    'SELECT word, count(*) AS runs FROM facts GROUP BY word',
  )
  const [kept] = await sql.all<{ readonly bytes: number }>(
    'SELECT coalesce(sum(bytes), 0) AS bytes FROM logs WHERE pruned_at IS NULL',
  )
  const of = (word: VerdictWord): number => words.find((row) => row.word === word)?.runs ?? 0
  return {
    runs: words.reduce((sum, { runs }) => sum + runs, 0),
    verdicts: { held: of('held'), violation: of('violation'), inconclusive: of('inconclusive') },
    logBytes: kept?.bytes ?? 0,
    storeBytes,
  }
}
