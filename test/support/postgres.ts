/**
 * A PostgreSQL for tests: one server a test file, started by it and gone with it, however it ends; a database a test.
 *
 * With PLUGPULL_TEST_POSTGRES=postgres://… the databases are made on that server instead, which may be of another make;
 * what has to stop or fill the server is skipped then. Where there is neither, tests are skipped, loudly.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { findProgram } from '../../src/io/process.ts'
import { USER } from './postgres-keeper.ts'

const KEEPER = fileURLToPath(new URL('postgres-keeper.js', import.meta.url))
const DEBIAN = '/usr/lib/postgresql'
const PREFIX = 'pp-pg-'

export const NO_POSTGRES = 'NOT TESTED: there is no PostgreSQL here (apt-get install postgresql)'

/** The folder of initdb and postgres, which Debian keeps off the PATH. */
function programsFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  const onPath = findProgram('initdb')
  const folders = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(onPath === undefined ? [] : [dirname(onPath)]),
  ]
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
}

export interface TestPostgres {
  /** Whether it is ours: only then it can be stopped. */
  readonly own: boolean
  /** The password in the URLs; empty where the server is not ours. */
  readonly password: string
  /** Where the server keeps everything; only where it is ours. */
  readonly folder: string
  /** A new, empty database: its URL. */
  createDatabase(): Promise<string>
  /** Runs statements in that database as its owner. */
  query(url: string, ...texts: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  start(): Promise<void>
  stop(): Promise<void>
  /** As after a loss of power of the server's machine, but for what the kernel still writes. */
  crash(): Promise<void>
}

/** The server, or `undefined` where there is none; call once a file, before its tests. */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const given = process.env['PLUGPULL_TEST_POSTGRES'] ?? ''
  if (given !== '') return new GivenPostgres(given)
  const postgres = await ownPostgres()
  if (postgres !== undefined) after(() => postgres.end())
  return postgres
}

/** A server of one's own, to be ended by whoever asked for it; `undefined` where PostgreSQL is not installed. */
export async function ownPostgres(): Promise<OwnPostgres | undefined> {
  const programs = programsFolder()
  if (programs === undefined || findProgram('setpriv') === undefined) return undefined
  sweep()
  const postgres = new OwnPostgres(programs)
  await postgres.ready()
  return postgres
}

/** Folders of keepers that were killed before they could remove them. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? Number.NaN)
    if (Number.isInteger(pid) && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

async function queryAll(url: string, texts: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    let rows: readonly Readonly<Record<string, unknown>>[] = []
    for (const text of texts) ({ rows } = await client.query<Readonly<Record<string, unknown>>>(text))
    return rows
  } finally {
    await client.end()
  }
}

const databaseName = (): string => `plugpull_${randomBytes(8).toString('hex')}`

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

export class OwnPostgres implements TestPostgres {
  readonly own = true
  readonly password = `secret-${randomBytes(12).toString('hex')}`
  readonly folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  readonly #keeper: ChildProcess
  readonly #answers: AsyncIterator<string>
  #port = 0

  constructor(programs: string) {
    // A session of its own: what ends the test's process group reaches it by the end of its input alone.
    this.#keeper = spawn(process.execPath, [KEEPER, this.folder, programs, this.password], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const { stdout } = this.#keeper
    if (stdout === null) throw new Error('the keeper was started with a pipe')
    this.#answers = createInterface(stdout)[Symbol.asyncIterator]()
  }

  async ready(): Promise<void> {
    this.#port = await this.#answer()
  }

  /** The server's first process, the parent of the others. */
  get pid(): number {
    return Number(readFileSync(join(this.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
  }

  async createDatabase(): Promise<string> {
    const name = databaseName()
    await queryAll(this.#url('postgres'), [`CREATE DATABASE ${name}`])
    return this.#url(name)
  }

  #url(database: string): string {
    return `postgres://${USER}:${this.password}@127.0.0.1:${this.#port}/${database}`
  }

  query(url: string, ...texts: readonly string[]): ReturnType<TestPostgres['query']> {
    return queryAll(url, texts)
  }

  async start(): Promise<void> {
    this.#port = await this.#ask('start')
  }

  async stop(): Promise<void> {
    await this.#ask('stop')
  }

  async crash(): Promise<void> {
    await this.#ask('crash')
  }

  async end(): Promise<void> {
    this.#keeper.stdin?.end()
    if (this.#keeper.exitCode === null) await new Promise((resolve) => this.#keeper.once('exit', resolve))
  }

  #ask(line: string): Promise<number> {
    this.#keeper.stdin?.write(`${line}\n`)
    return this.#answer()
  }

  /** The port, where the server runs. */
  async #answer(): Promise<number> {
    const next = await this.#answers.next()
    const said: unknown = next.done === true ? {} : JSON.parse(next.value)
    if (typeof said !== 'object' || said === null) throw new Error('the keeper says nothing')
    if ('port' in said) return Number(said.port)
    if ('stopped' in said) return this.#port
    throw new Error('failure' in said ? String(said.failure) : 'the keeper of PostgreSQL ended')
  }
}

class GivenPostgres implements TestPostgres {
  readonly own = false
  readonly password = ''
  readonly folder = ''
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async createDatabase(): Promise<string> {
    const name = databaseName()
    await queryAll(this.#url, [`CREATE DATABASE ${name}`])
    after(() => queryAll(this.#url, [`DROP DATABASE IF EXISTS ${name}`]))
    return withDatabase(this.#url, name)
  }

  query(url: string, ...texts: readonly string[]): ReturnType<TestPostgres['query']> {
    return queryAll(url, texts)
  }

  start = (): Promise<void> => this.#cannot()
  stop = (): Promise<void> => this.#cannot()
  crash = (): Promise<void> => this.#cannot()

  #cannot(): Promise<never> {
    return Promise.reject(new Error('the server of PLUGPULL_TEST_POSTGRES is not ours to stop'))
  }
}
