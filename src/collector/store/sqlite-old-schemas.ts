/** From the tables of earlier versions to the next ones. Nothing here is ever changed: files of those versions are not either. */
import type Sqlite from 'better-sqlite3'
import type { CutRecord } from '../../core/campaign/campaign.ts'
import { factsOf, outcomeOf } from '../../core/campaign/facts.ts'
import { marks, type SqlValue } from './database.ts'
import { factValues, outcomeValues } from './rows.ts'
import { FACT_COLUMNS, OUTCOME_COLUMNS, tableStatements } from './schema.ts'

/** Version 2 knows the device of each run. */
export function fromVersion1(db: Sqlite.Database): void {
  db.exec(`
    ALTER TABLE runs ADD COLUMN device TEXT AS (json_extract(manifest, '$.device')) VIRTUAL;
    CREATE INDEX runs_by_device ON runs (device, id);`)
}

/** Version 3 finds everything by the run's id rather than by numbers of its own, and keeps the facts of each run. */
export function fromVersion2(db: Sqlite.Database): void {
  for (const index of ['runs_by_campaign', 'runs_by_device', 'chunks_by_start', 'verdicts_by_number'])
    db.exec(`DROP INDEX ${index}`)
  for (const table of ['runs', 'logs', 'chunks', 'verdicts']) db.exec(`ALTER TABLE ${table} RENAME TO old_${table}`)
  for (const statement of tableStatements({ integer: 'INTEGER', real: 'REAL', bytes: 'BLOB' })) db.exec(statement)
  db.exec(`
    INSERT INTO runs (run, campaign, device, created_at, manifest, cut)
      SELECT run, campaign, coalesce(device, ''), created_at, manifest, cut FROM old_runs;
    INSERT INTO logs (run, bytes, progress, heard_at)
      SELECT run, bytes, progress, created_at FROM old_logs JOIN old_runs ON old_runs.id = run_id;
    INSERT INTO chunks (run, start, bytes)
      SELECT run, start, bytes FROM old_chunks JOIN old_runs ON old_runs.id = run_id ORDER BY old_chunks.id;
    INSERT INTO verdicts (run, number, at, word, contract, summary, findings)
      SELECT run, number, at, word, contract, summary, findings FROM old_verdicts JOIN old_runs ON old_runs.id = run_id;`)
  addFacts(db)
  for (const table of ['old_chunks', 'old_verdicts', 'old_logs', 'old_runs']) db.exec(`DROP TABLE ${table}`)
}

interface OldRun {
  readonly run: string
  readonly campaign: string
  readonly created_at: string
  readonly manifest: string
  readonly cut: string | null
  readonly number: number | null
  readonly at: string | null
  readonly summary: string | null
}

const NEWEST = `
  SELECT runs.run, campaign, created_at, manifest, cut, number, at, summary FROM runs
  LEFT JOIN verdicts ON verdicts.run = runs.run
    AND number = (SELECT max(number) FROM verdicts AS v WHERE v.run = runs.run)
  WHERE runs.run > ? ORDER BY runs.run LIMIT 500`

function addFacts(db: Sqlite.Database): void {
  const columns = ['run', 'campaign', 'created_at', 'changed_at', ...FACT_COLUMNS, ...OUTCOME_COLUMNS]
  const insert = db.prepare<SqlValue[]>(`INSERT INTO facts (${columns.join(', ')}) VALUES (${marks(columns.length)})`)
  const page = db.prepare<[string], OldRun>(NEWEST)
  for (let rows = page.all(''); rows.length > 0; rows = page.all(rows.at(-1)?.run ?? ''))
    for (const row of rows) insert.run(...factRow(row))
}

function factRow({ run, campaign, created_at, manifest, cut, number, at, summary }: OldRun): readonly SqlValue[] {
  const record: CutRecord | undefined = cut === null ? undefined : JSON.parse(cut)
  const outcome =
    summary === null || number === null
      ? [0, ...OUTCOME_COLUMNS.slice(1).map(() => null)]
      : outcomeValues(number, outcomeOf(JSON.parse(summary), record))
  return [run, campaign, created_at, at ?? created_at, ...factValues(factsOf(JSON.parse(manifest), record)), ...outcome]
}
