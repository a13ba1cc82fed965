/**
 * A process that makes a PostgreSQL server, keeps it, and leaves nothing of it: postgres-keeper.js FOLDER.
 *
 * It obeys lines on its standard input, `start`, `stop` and `crash`, and answers each with a line of JSON. When that input
 * ends, in whatever way whoever wrote to it ended, the server is ended and the folder goes. The server is ended by the kernel
 * where this process is killed. As root it runs as another user, because PostgreSQL refuses to run as root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

export const USER = 'plugpull'
const START_LIMIT_MS = 60_000
const UNPRIVILEGED = ['postgres', 'nobody']

interface Settings {
  readonly folder: string
  /** Where initdb and postgres are. */
  readonly programs: string
  readonly password: string
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

function unprivilegedUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of UNPRIVILEGED) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`PostgreSQL does not run as root, and there is none of the users ${UNPRIVILEGED.join(', ')}`)
}

class Keeper {
  readonly #settings: Settings
  readonly #user = unprivilegedUser()
  readonly #data: string
  #server: ChildProcess | undefined
  #port = 0

  constructor(settings: Settings) {
    this.#settings = settings
    this.#data = join(settings.folder, 'data')
  }

  /** An empty cluster, which is not worth an fsync; what the server writes to it later is. */
  create(): void {
    const { folder, programs, password } = this.#settings
    mkdirSync(this.#data, { mode: 0o700 })
    const passwordFile = join(folder, 'password')
    writeFileSync(passwordFile, `${password}\n`)
    if (this.#user !== undefined) {
      for (const path of [folder, this.#data, passwordFile]) chownSync(path, this.#user.uid, this.#user.gid)
    }
    const options = ['--no-sync', '--encoding=UTF8', '--locale=C', '--auth-local=trust', '--auth-host=scram-sha-256']
    execFileSync(join(programs, 'initdb'), ['-D', this.#data, '-U', USER, `--pwfile=${passwordFile}`, ...options], {
      ...this.#user,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    rmSync(passwordFile)
  }

  get #isRunning(): boolean {
    return this.#server !== undefined && this.#server.exitCode === null && this.#server.signalCode === null
  }

  /** Tried again on another port where somebody took the one that was free. */
  async start(): Promise<number> {
    if (this.#isRunning) return this.#port
    for (let attempt = 1; ; attempt++) {
      if (this.#port === 0) this.#port = await freePort()
      // What a crash left would be taken for the new server's.
      rmSync(join(this.#data, 'postmaster.pid'), { force: true })
      this.#server = this.#spawn(this.#port)
      if (await this.#isReady(this.#server)) return this.#port
      if (attempt >= 5) throw new Error(`PostgreSQL did not start: ${this.#logTail()}`)
      this.#port = 0
      await sleep(200 * attempt)
    }
  }

  #spawn(port: number): ChildProcess {
    const { folder, programs } = this.#settings
    const server = [join(programs, 'postgres'), '-D', this.#data, '-p', String(port), '-k', folder]
    const settings = ['listen_addresses=127.0.0.1', 'max_connections=100', 'shared_buffers=128MB']
    const args = [...server, ...settings.flatMap((setting) => ['-c', setting])]
    const rights =
      this.#user === undefined ? [] : [`--reuid=${this.#user.uid}`, `--regid=${this.#user.gid}`, '--clear-groups']
    const log = openSync(join(folder, 'log'), 'a')
    // The kernel ends it where this process is killed; it was never ours to outlive.
    return spawn('setpriv', [...rights, '--pdeathsig', 'QUIT', ...args], { cwd: folder, stdio: ['ignore', log, log] })
  }

  async #isReady(server: ChildProcess): Promise<boolean> {
    const deadline = Date.now() + START_LIMIT_MS
    while (server.exitCode === null && server.signalCode === null && Date.now() < deadline) {
      if (this.#pidFile().includes('ready')) return true
      await sleep(20)
    }
    return false
  }

  #pidFile(): string {
    try {
      return readFileSync(join(this.#data, 'postmaster.pid'), 'utf8')
    } catch {
      return ''
    }
  }

  #logTail(): string {
    try {
      return readFileSync(join(this.#settings.folder, 'log'), 'utf8').slice(-2000)
    } catch {
      return ''
    }
  }

  /** SIGINT ends connections and syncs; SIGQUIT is a crash with recovery at the next start. */
  async stop(signal: 'SIGINT' | 'SIGQUIT'): Promise<void> {
    const server = this.#server
    if (server === undefined || !this.#isRunning) return
    const gone = once(server, 'exit')
    server.kill(signal)
    await gone
  }
}

async function main(): Promise<void> {
  const [folder = '', programs = '', password = ''] = process.argv.slice(2)
  // Ctrl-C reaches whoever started this too, and its end is what counts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const keeper = new Keeper({ folder, programs, password })
  const answer = (said: object): void => void process.stdout.write(`${JSON.stringify(said)}\n`)
  process.stdout.on('error', () => undefined)
  try {
    keeper.create()
    answer({ port: await keeper.start() })
    for await (const line of createInterface(process.stdin)) {
      if (line === 'start') answer({ port: await keeper.start() })
      else {
        await keeper.stop(line === 'crash' ? 'SIGQUIT' : 'SIGINT')
        answer({ stopped: true })
      }
    }
  } catch (error) {
    answer({ failure: String(error) })
  } finally {
    await keeper.stop('SIGQUIT')
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1]?.endsWith('postgres-keeper.js') === true) await main()
