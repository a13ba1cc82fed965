/** Every SQL statement of the embedded store, prepared once, with the types of what goes in and comes out. */
import type Database from 'better-sqlite3'
import type { CampaignCounts, VerdictEntry } from '../../core/campaign/campaign.ts'

/** A run with its log's end and its newest verdict. */
export interface RunRow {
  readonly id: number
  readonly run: string
  readonly campaign: string
  readonly created_at: string
  readonly manifest: string
  readonly cut: string | null
  readonly bytes: number
  readonly progress: string | null
  readonly verdict_number: number | null
  readonly verdict_summary: string | null
}

/** Where the log of a run ends. */
export interface LogRow {
  readonly id: number
  readonly run: string
  readonly bytes: number
}

const NEWEST_VERDICT = `
  LEFT JOIN verdicts ON verdicts.run_id = runs.id
    AND verdicts.number = (SELECT max(number) FROM verdicts AS v WHERE v.run_id = runs.id)`

const runRows = (manifest: string): string => `
  SELECT runs.id, run, campaign, created_at, ${manifest} AS manifest, cut, logs.bytes, logs.progress,
    verdicts.number AS verdict_number, verdicts.summary AS verdict_summary
  FROM runs JOIN logs ON logs.run_id = runs.id ${NEWEST_VERDICT}`

// The chunk that holds the byte is the last that starts at or before it; a missing one shows as a start beyond it.
const CHUNKS_FROM = `
  SELECT start, bytes FROM chunks
  WHERE run_id = ? AND start >= (SELECT max(start) FROM chunks WHERE run_id = ? AND start <= ?)
  ORDER BY start`

const CAMPAIGNS = `
  SELECT campaign, count(*) AS runs,
    count(*) FILTER (WHERE word = 'held') AS held,
    count(*) FILTER (WHERE word = 'violation') AS violation,
    count(*) FILTER (WHERE word = 'inconclusive') AS inconclusive,
    min(created_at) AS firstAt, max(created_at) AS lastAt
  FROM runs ${NEWEST_VERDICT}
  GROUP BY campaign ORDER BY max(runs.id) DESC`

const INSERT_VERDICT =
  'INSERT INTO verdicts (run_id, number, at, word, contract, summary, findings) VALUES (?, ?, ?, ?, ?, ?, ?)'

type VerdictColumns = [number, number, string, string, string, string, string]

/** Reports are lists; a manifest can be long and is read for one run only. */
const ONE_RUN = runRows('manifest')
const MANY_RUNS = runRows("''")

export interface Statements {
  readonly run: Database.Statement<[string], RunRow>
  readonly runs: Database.Statement<[number, number], RunRow>
  readonly runsOfCampaign: Database.Statement<[string, number, number], RunRow>
  readonly runsOfDevice: Database.Statement<[string, number, number], RunRow>
  readonly runsOfBoth: Database.Statement<[string, string, number, number], RunRow>
  readonly countRuns: Database.Statement<[string], { count: number }>
  readonly insertRun: Database.Statement<[string, string, string, string]>
  readonly updateCut: Database.Statement<[string, number]>
  readonly log: Database.Statement<[string], LogRow>
  readonly insertLog: Database.Statement<[number | bigint]>
  readonly updateLog: Database.Statement<[number, string | null, number]>
  readonly insertChunk: Database.Statement<[number, number, Uint8Array]>
  readonly chunksFrom: Database.Statement<[number, number, number], { start: number; bytes: Buffer }>
  readonly verdict: Database.Statement<[string, number], { summary: string; findings: string }>
  readonly verdictEntries: Database.Statement<[number], VerdictEntry>
  readonly insertVerdict: Database.Statement<VerdictColumns>
  readonly campaigns: Database.Statement<[], CampaignCounts>
  readonly newestVerdicts: Database.Statement<[string], { summary: string; cut: string | null }>
  readonly manifests: Database.Statement<[string], { manifest: string; cut: string | null }>
}

export function prepareStatements(db: Database.Database): Statements {
  return {
    run: db.prepare(`${ONE_RUN} WHERE run = ?`),
    runs: db.prepare(`${MANY_RUNS} WHERE runs.id < ? ORDER BY runs.id DESC LIMIT ?`),
    runsOfCampaign: db.prepare(`${MANY_RUNS} WHERE campaign = ? AND runs.id < ? ORDER BY runs.id DESC LIMIT ?`),
    runsOfDevice: db.prepare(`${MANY_RUNS} WHERE device = ? AND runs.id < ? ORDER BY runs.id DESC LIMIT ?`),
    runsOfBoth: db.prepare(
      `${MANY_RUNS} WHERE device = ? AND campaign = ? AND runs.id < ? ORDER BY runs.id DESC LIMIT ?`,
    ),
    countRuns: db.prepare('SELECT count(*) AS count FROM runs WHERE campaign = ?'),
    insertRun: db.prepare('INSERT INTO runs (run, campaign, created_at, manifest) VALUES (?, ?, ?, ?)'),
    updateCut: db.prepare('UPDATE runs SET cut = ? WHERE id = ?'),

    log: db.prepare('SELECT runs.id, run, logs.bytes FROM runs JOIN logs ON logs.run_id = runs.id WHERE run = ?'),
    insertLog: db.prepare('INSERT INTO logs (run_id, bytes) VALUES (?, 0)'),
    updateLog: db.prepare('UPDATE logs SET bytes = ?, progress = coalesce(?, progress) WHERE run_id = ?'),
    insertChunk: db.prepare('INSERT INTO chunks (run_id, start, bytes) VALUES (?, ?, ?)'),
    chunksFrom: db.prepare(CHUNKS_FROM),

    verdict: db.prepare(
      'SELECT summary, findings FROM verdicts JOIN runs ON runs.id = run_id WHERE run = ? AND number = ?',
    ),
    verdictEntries: db.prepare(
      'SELECT number, at, word AS verdict, contract FROM verdicts WHERE run_id = ? ORDER BY number',
    ),
    insertVerdict: db.prepare(INSERT_VERDICT),

    campaigns: db.prepare(CAMPAIGNS),
    manifests: db.prepare('SELECT manifest, cut FROM runs WHERE campaign = ? ORDER BY id'),
    newestVerdicts: db.prepare(
      `SELECT verdicts.summary, cut FROM runs ${NEWEST_VERDICT} WHERE campaign = ? AND verdicts.id IS NOT NULL ORDER BY runs.id`,
    ),
  }
}
