/**
 * The store in SQL, over any database that takes it (database.ts): what is asked of it, as one transaction or one reading
 * each. The statements are in sql-runs, sql-logs, sql-campaigns, sql-tokens and sql-prune.
 */
import type { CutRecord } from '../../core/campaign/campaign.ts'
import type { FactsFilter } from '../../core/campaign/facts.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { Database } from './database.ts'
import { campaignList, campaignOf, cellList, facetValues, lineList, totalsOf } from './sql-campaigns.ts'
import { appendAll, readLog } from './sql-logs.ts'
import { prune } from './sql-prune.ts'
import { addVerdict, createRun, headOf, putVerdict, recordCut, runOf, runPage, verdictOf } from './sql-runs.ts'
import { addToken, revokeToken, tokenByHash, tokenList } from './sql-tokens.ts'
import type { Append, LineQuery, NewRun, PruneQuery, RunQuery, Store, TokenRecord } from './store.ts'

export class SqlStore implements Store {
  readonly name: string
  readonly commitsAtOnce: number
  readonly #database: Database

  constructor(database: Database) {
    this.name = database.name
    this.commitsAtOnce = database.writesAtOnce
    this.#database = database
  }

  createRun(run: NewRun): ReturnType<Store['createRun']> {
    return this.#database.write((sql) => createRun(sql, run))
  }

  append(batch: readonly Append[]): ReturnType<Store['append']> {
    return this.#database.write((sql) => appendAll(sql, this.#database, batch))
  }

  head(run: string): ReturnType<Store['head']> {
    return this.#database.read((sql) => headOf(sql, run))
  }

  run(run: string): ReturnType<Store['run']> {
    return this.#database.read((sql) => runOf(sql, run))
  }

  readLog(run: string, from: number, to: number): AsyncIterable<Uint8Array> {
    return readLog(this.#database, run, from, to)
  }

  recordCut(run: string, cut: CutRecord, at: string): ReturnType<Store['recordCut']> {
    return this.#database.write((sql) => recordCut(sql, this.#database.dialect, run, cut, at))
  }

  addVerdict(run: string, at: string, verdict: Verdict): ReturnType<Store['addVerdict']> {
    return this.#database.write((sql) => addVerdict(sql, this.#database.dialect, run, at, verdict))
  }

  putVerdict(run: string, number: number, at: string, verdict: Verdict): ReturnType<Store['putVerdict']> {
    return this.#database.write((sql) => putVerdict(sql, this.#database.dialect, { run, number, at, verdict }))
  }

  verdict(run: string, number: number): ReturnType<Store['verdict']> {
    return this.#database.read((sql) => verdictOf(sql, run, number))
  }

  runs(query: RunQuery): ReturnType<Store['runs']> {
    return this.#database.read((sql) => runPage(sql, query))
  }

  campaigns(): ReturnType<Store['campaigns']> {
    return this.#database.read(campaignList)
  }

  campaign(name: string): ReturnType<Store['campaign']> {
    return this.#database.read((sql) => campaignOf(sql, name))
  }

  lines(query: LineQuery): ReturnType<Store['lines']> {
    return this.#database.read((sql) => lineList(sql, query))
  }

  cells(filter: FactsFilter): ReturnType<Store['cells']> {
    return this.#database.read((sql) => cellList(sql, filter))
  }

  facets(): ReturnType<Store['facets']> {
    return this.#database.read(facetValues)
  }

  async totals(): ReturnType<Store['totals']> {
    const storeBytes = await this.#database.sizeBytes()
    return this.#database.read((sql) => totalsOf(sql, storeBytes))
  }

  async keyOf(run: string): ReturnType<Store['keyOf']> {
    const rows = await this.#database.read((sql) =>
      sql.all<{ readonly key_hash: string | null }>('SELECT key_hash FROM runs WHERE run = ?', [run]),
    )
    const [row] = rows
    if (row === undefined) return undefined
    return row.key_hash === null ? {} : { keyHash: row.key_hash }
  }

  addToken(token: TokenRecord): ReturnType<Store['addToken']> {
    return this.#database.write((sql) => addToken(sql, token))
  }

  tokens(): ReturnType<Store['tokens']> {
    return this.#database.read(tokenList)
  }

  tokenByHash(hash: string): ReturnType<Store['tokenByHash']> {
    return this.#database.read((sql) => tokenByHash(sql, hash))
  }

  revokeToken(id: string, at: string): ReturnType<Store['revokeToken']> {
    return this.#database.write((sql) => revokeToken(sql, id, at))
  }

  async prune(query: PruneQuery): ReturnType<Store['prune']> {
    const pruned = await prune(this.#database, query)
    if (!query.dryRun) await this.#database.giveBack?.(query.signal)
    return pruned
  }

  check(): Promise<void> {
    return this.#database.check()
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}
