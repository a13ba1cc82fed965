/** Runs in SQL: made, cut and judged, each change with the facts that follow from it; read one by one and by pages. */
import { isDeepStrictEqual } from 'node:util'
import type { CutRecord, RunHead, RunView, VerdictEntry } from '../../core/campaign/campaign.ts'
import { factsOf, outcomeOf } from '../../core/campaign/facts.ts'
import type { Manifest } from '../../core/manifest.ts'
import type { Verdict } from '../../core/verdict.ts'
import { type Dialect, marks, type Sql } from './database.ts'
import { factValues, outcomeValues, plain, type RunRow, summaryOf } from './rows.ts'
import { FACT_COLUMNS, OUTCOME_COLUMNS } from './schema.ts'
import type { NewRun, RunQuery, Store } from './store.ts'

const RUN_ROWS = `
  SELECT runs.run, runs.campaign, runs.created_at, runs.cut, logs.bytes, logs.progress, logs.pruned_at,
    facts.verdict_number, verdicts.summary
  FROM runs JOIN logs ON logs.run = runs.run JOIN facts ON facts.run = runs.run
    LEFT JOIN verdicts ON verdicts.run = runs.run AND verdicts.number = facts.verdict_number`

interface WrittenRun {
  readonly campaign: string
  readonly manifest: string
  readonly key_hash: string | null
}

const INSERT_FACTS = `
  INSERT INTO facts (run, campaign, created_at, changed_at, ${FACT_COLUMNS.join(', ')}, verdict_number)
  VALUES (${marks(FACT_COLUMNS.length + 5)})`

export async function createRun(
  sql: Sql,
  { run, campaign, createdAt, manifest, keyHash, logPruned }: NewRun,
): ReturnType<Store['createRun']> {
  const device = typeof manifest.device === 'string' ? manifest.device.replaceAll('\0', '') : ''
  const made = await sql.all(
    `INSERT INTO runs (run, campaign, device, created_at, manifest, key_hash) VALUES (${marks(6)})
     ON CONFLICT (run) DO NOTHING RETURNING run`,
    [run, campaign, device, createdAt, JSON.stringify(manifest), keyHash ?? null],
  )
  if (made.length === 0)
    return (await isSame(sql, { run, campaign, createdAt, manifest }, keyHash)) ? 'same' : 'different'
  await sql.all('INSERT INTO logs (run, bytes, heard_at, pruned_at) VALUES (?, ?, ?, ?)', [
    run,
    logPruned?.bytes ?? 0,
    createdAt,
    logPruned?.at ?? null,
  ])
  await sql.all(INSERT_FACTS, [run, campaign, createdAt, createdAt, ...factValues(factsOf(manifest)), 0])
  return 'created'
}

async function isSame(sql: Sql, { run, campaign, manifest }: NewRun, keyHash: string | undefined): Promise<boolean> {
  const [known] = await sql.all<WrittenRun>('SELECT campaign, manifest, key_hash FROM runs WHERE run = ?', [run])
  return (
    known !== undefined &&
    known.campaign === campaign &&
    (keyHash === undefined || known.key_hash === keyHash) &&
    isDeepStrictEqual(JSON.parse(known.manifest), plain(manifest))
  )
}

interface JudgedRun {
  readonly manifest: string
  readonly cut: string | null
  readonly verdict_number: number
  readonly summary: string | null
}

/** The run, kept from other writers until the transaction ends. */
async function lockedRun(sql: Sql, { forUpdate }: Dialect, run: string): Promise<JudgedRun | undefined> {
  const [locked] = await sql.all(`SELECT run FROM runs WHERE run = ?${forUpdate}`, [run])
  if (locked === undefined) return undefined
  const [row] = await sql.all<JudgedRun>(
    `SELECT runs.manifest, runs.cut, facts.verdict_number, verdicts.summary
     FROM runs JOIN facts ON facts.run = runs.run
       LEFT JOIN verdicts ON verdicts.run = runs.run AND verdicts.number = facts.verdict_number
     WHERE runs.run = ?`,
    [run],
  )
  return row
}

export async function recordCut(
  sql: Sql,
  dialect: Dialect,
  run: string,
  cut: CutRecord,
  at: string,
): ReturnType<Store['recordCut']> {
  const row = await lockedRun(sql, dialect, run)
  if (row === undefined) return 'run-unknown'
  if (row.cut !== null) return isDeepStrictEqual(JSON.parse(row.cut), plain(cut)) ? 'same' : 'different'
  await sql.all('UPDATE runs SET cut = ? WHERE run = ?', [JSON.stringify(cut), run])
  const manifest: Manifest = JSON.parse(row.manifest)
  const facts = factValues(factsOf(manifest, cut))
  await sql.all(
    `UPDATE facts SET changed_at = ?, ${FACT_COLUMNS.map((name) => `${name} = ?`).join(', ')} WHERE run = ?`,
    [at, ...facts, run],
  )
  // Whether the power was cut decides what a verdict counts for.
  if (row.summary !== null) await setOutcome(sql, run, at, row.verdict_number, outcomeOf(JSON.parse(row.summary), cut))
  return 'recorded'
}

const setOutcome = (
  sql: Sql,
  run: string,
  at: string,
  number: number,
  outcome: ReturnType<typeof outcomeOf>,
): Promise<unknown> =>
  sql.all(`UPDATE facts SET changed_at = ?, ${OUTCOME_COLUMNS.map((name) => `${name} = ?`).join(', ')} WHERE run = ?`, [
    at,
    ...outcomeValues(number, outcome),
    run,
  ])

export async function addVerdict(
  sql: Sql,
  dialect: Dialect,
  run: string,
  at: string,
  verdict: Verdict,
): ReturnType<Store['addVerdict']> {
  const row = await lockedRun(sql, dialect, run)
  if (row === undefined) return 'run-unknown'
  const newest = row.verdict_number
  const texts = textsOf(verdict)
  if (newest > 0 && (await isVerdict(sql, run, newest, texts))) return newest
  await insertVerdict(sql, row, { run, number: newest + 1, at, verdict }, texts)
  return newest + 1
}

export async function putVerdict(sql: Sql, dialect: Dialect, given: GivenVerdict): ReturnType<Store['putVerdict']> {
  const { run, number, verdict } = given
  const row = await lockedRun(sql, dialect, run)
  if (row === undefined) return 'run-unknown'
  if (number > row.verdict_number + 1) return 'gap'
  const texts = textsOf(verdict)
  if (number <= row.verdict_number) return (await isVerdict(sql, run, number, texts)) ? 'same' : 'different'
  await insertVerdict(sql, row, given, texts)
  return 'stored'
}

export interface GivenVerdict {
  readonly run: string
  readonly number: number
  readonly at: string
  readonly verdict: Verdict
}

/** A verdict as it is stored. */
interface VerdictTexts {
  readonly summary: string
  readonly findings: string
}

/** Findings and where all was found stand apart from the summary, which is read for every run of a campaign. */
const textsOf = ({ findings, foundAt, ...summary }: Verdict): VerdictTexts => ({
  summary: JSON.stringify(summary),
  findings: JSON.stringify(foundAt === undefined ? findings : { findings, foundAt }),
})

/** Whether it is the one stored. Compared as text as far as that goes: to read fifty megabytes of findings takes seconds. */
async function isVerdict(sql: Sql, run: string, number: number, { summary, findings }: VerdictTexts): Promise<boolean> {
  const [stored] = await sql.all<VerdictTexts>('SELECT summary, findings FROM verdicts WHERE run = ? AND number = ?', [
    run,
    number,
  ])
  return stored !== undefined && isSameJson(stored.summary, summary) && isSameJson(stored.findings, findings)
}

/** Of texts that this program wrote: the same value in another order of its fields has the same length. */
const isSameJson = (a: string, b: string): boolean =>
  a === b || (a.length === b.length && isDeepStrictEqual(JSON.parse(a), JSON.parse(b)))

async function insertVerdict(
  sql: Sql,
  row: JudgedRun,
  { run, number, at, verdict }: GivenVerdict,
  { summary, findings }: VerdictTexts,
): Promise<void> {
  await sql.all(`INSERT INTO verdicts (run, number, at, word, contract, summary, findings) VALUES (${marks(7)})`, [
    run,
    number,
    at,
    verdict.verdict,
    verdict.contract,
    summary,
    findings,
  ])
  const cut: CutRecord | undefined = row.cut === null ? undefined : JSON.parse(row.cut)
  await setOutcome(sql, run, at, number, outcomeOf(verdict, cut))
}

export async function verdictOf(sql: Sql, run: string, number: number): Promise<Verdict | undefined> {
  const [row] = await sql.all<{ readonly summary: string; readonly findings: string }>(
    'SELECT summary, findings FROM verdicts WHERE run = ? AND number = ?',
    [run, number],
  )
  if (row === undefined) return undefined
  const found: Pick<Verdict, 'findings' | 'foundAt'> | Verdict['findings'] = JSON.parse(row.findings)
  return { ...JSON.parse(row.summary), ...('findings' in found ? found : { findings: found }) }
}

/** The run without its findings. */
export async function headOf(sql: Sql, run: string): Promise<RunHead | undefined> {
  const [row] = await sql.all<RunRow>(`${RUN_ROWS} WHERE runs.run = ?`, [run])
  const [written] = await sql.all<WrittenRun>('SELECT campaign, manifest, key_hash FROM runs WHERE run = ?', [run])
  if (row === undefined || written === undefined) return undefined
  const verdicts = await sql.all<VerdictEntry>(
    'SELECT number, at, word AS verdict, contract FROM verdicts WHERE run = ? ORDER BY number',
    [run],
  )
  return {
    ...summaryOf(row),
    manifest: JSON.parse(written.manifest),
    verdicts: verdicts.map((entry) => ({ ...entry })),
  }
}

/** The run in full: its newest verdict is the one that its head has a summary of. */
export async function runOf(sql: Sql, run: string): Promise<RunView | undefined> {
  const head = await headOf(sql, run)
  if (head === undefined) return undefined
  const { verdict: summary, ...facts } = head
  const newest = head.verdicts.at(-1)?.number
  const verdict = summary === undefined || newest === undefined ? undefined : await verdictOf(sql, run, newest)
  return { ...facts, ...(verdict === undefined ? {} : { verdict }) }
}

/** Runs by pages, newest first: by the time of their making, and by id where that is the same. */
export async function runPage(sql: Sql, query: RunQuery): ReturnType<Store['runs']> {
  const { campaign, device, after, limit } = query
  const [last] =
    after === undefined
      ? []
      : await sql.all<{ readonly created_at: string }>('SELECT created_at FROM runs WHERE run = ?', [after])
  if (after !== undefined && last === undefined) return 'run-unknown'
  const conditions = [
    ...(campaign === undefined ? [] : [['runs.campaign = ?', campaign]]),
    ...(device === undefined ? [] : [['runs.device = ?', device]]),
    ...(after === undefined || last === undefined
      ? []
      : [['(runs.created_at < ? OR (runs.created_at = ? AND runs.run < ?))', last.created_at, last.created_at, after]]),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([text]) => text).join(' AND ')}`
  // One more than asked for tells whether there is a next page.
  const rows = await sql.all<RunRow>(`${RUN_ROWS} ${where} ORDER BY runs.created_at DESC, runs.run DESC LIMIT ?`, [
    ...conditions.flatMap(([, ...values]) => values),
    limit + 1,
  ])
  const runs = rows.slice(0, limit).map(summaryOf)
  const end = runs.at(-1)
  return rows.length > limit && end !== undefined ? { runs, next: end.run } : { runs }
}
