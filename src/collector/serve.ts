/**
 * The collector as a process: opens the store, listens, says where, and ends in good order.
 * Nothing has to be saved at the end: whatever was acknowledged is on stable storage, so SIGKILL is as good as SIGTERM.
 */
import { Server as HttpsServer } from 'node:https'
import { renameSync, writeFileSync } from 'node:fs'
import { errnoOf, messageOf, ProbeError } from '../core/errors.ts'
import { VERSION } from '../core/version.ts'
import { readTokenFile } from '../io/collector-client.ts'
import { onHangup, withInterrupt } from '../io/interrupt.ts'
import { type LogLevel, type Logger, createLogger } from '../io/logger.ts'
import { redactor } from './access/redact.ts'
import { type TlsFiles, type TlsPair, readTls, tlsFilesOf } from './access/tls.ts'
import { stateOf } from './access/token.ts'
import { type ListenAddress, parseListen, requireTokenBeyondLoopback, urlOf } from './http/listen-address.ts'
import { CollectorMetrics } from './metrics/metrics.ts'
import { startKeeper } from './retention/keeper.ts'
import type { RetentionPolicy } from './retention/policy.ts'
import { isStoreThere, openStore } from './store/open-store.ts'
import type { Store } from './store/store.ts'
import type { CollectorServer } from './http/app.ts'
import { createServer } from './http/server.ts'
import { type WebhookOptions, Webhooks } from './webhook/webhooks.ts'

export interface ServeOptions {
  readonly listen: string
  readonly store: string
  readonly tokenFile?: string
  readonly portFile?: string
  readonly webhooks?: WebhookOptions
  /** What of old runs is not to be kept. */
  readonly retention?: RetentionPolicy
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly logLevel?: LogLevel
  /** Called once it answers. */
  readonly ready: (where: { readonly url: string; readonly store: string }) => void
}

/** Requests under way at the end are waited for so long. */
const CLOSE_LIMIT_MS = 5000

const now = (): string => new Date().toISOString()

/** What the options come to, before anything is opened. */
interface Setup {
  readonly options: ServeOptions
  readonly address: ListenAddress
  readonly token: string | undefined
  readonly logger: Logger
  readonly files: TlsFiles | undefined
  readonly tls: TlsPair | undefined
}

async function setupOf(options: ServeOptions): Promise<Setup> {
  const address = parseListen(options.listen)
  const token = options.tokenFile === undefined ? undefined : readTokenFile(options.tokenFile)
  const logger = await createLogger({
    name: 'collector',
    scrub: redactor([token, options.webhooks?.secret].flatMap((secret) => secret ?? [])),
    ...(options.logLevel === undefined ? {} : { level: options.logLevel }),
  })
  const files = tlsFilesOf(options.tlsCert, options.tlsKey)
  const tls = files === undefined ? undefined : readTls(files, (message) => logger.warn(message))
  return { options, address, token, logger, files, tls }
}

/** Serves until Ctrl-C or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  const setup = await setupOf(options)
  // A store that is not there has no admin: what is refused for that leaves none behind.
  if (!isStoreThere(options.store)) requireTokenBeyondLoopback(setup.address, setup.token !== undefined)
  const store = await openStore(options.store, 'write')
  try {
    requireTokenBeyondLoopback(setup.address, setup.token !== undefined || (await hasAdmin(store)))
    await serveStore(store, setup)
  } finally {
    await store.close()
  }
}

async function serveStore(store: Store, setup: Setup): Promise<void> {
  const { options, token, logger, files, tls } = setup
  const metrics = new CollectorMetrics({ version: VERSION, ofProcess: true })
  const webhooks = options.webhooks && new Webhooks(options.webhooks, { logger, watcher: metrics.webhookWatcher })
  const server = await createServer({
    store,
    metrics,
    version: VERSION,
    logger,
    now,
    ...(token === undefined ? {} : { token }),
    ...(webhooks === undefined ? {} : { webhooks }),
    ...(tls === undefined ? {} : { tls }),
  })
  const stopReloading = files === undefined ? undefined : reloading(server, files, logger)
  try {
    await untilInterrupted(server, store, setup)
  } finally {
    stopReloading?.()
    await closeWithin(server)
    await webhooks?.end()
  }
}

const untilInterrupted = (
  server: CollectorServer,
  store: Store,
  { options, address, logger, tls }: Setup,
): Promise<void> =>
  withInterrupt(async (signal) => {
    const port = await listen(server, address)
    if (options.portFile !== undefined) writePortFile(options.portFile, port)
    options.ready({ url: urlOf(address.host, port, tls === undefined ? 'http' : 'https'), store: store.name })
    const keeper = options.retention === undefined ? undefined : startKeeper(store, options.retention, logger)
    await aborted(signal)
    await keeper?.stop()
  })

const hasAdmin = async (store: Store): Promise<boolean> =>
  (await store.tokens()).some((token) => token.role === 'admin' && stateOf(token, now()) === 'valid')

/** Reads the certificate again at every SIGHUP; one that cannot be used leaves the old one in its place. */
function reloading(server: CollectorServer, files: TlsFiles, logger: Logger): () => void {
  const reload = (): void => {
    try {
      if (server.server instanceof HttpsServer)
        server.server.setSecureContext(readTls(files, (message) => logger.warn(message)))
      logger.info({ cert: files.cert }, 'the certificate was read again')
    } catch (error) {
      logger.error(`the certificate stays as it was: ${messageOf(error)}`)
    }
  }
  return onHangup(reload)
}

/** The framework would call it http:// under TLS too. */
const listenTextResolver = (address: string): string => `listening at ${address.replace(/^https?:\/\//, '')}`

async function listen(server: CollectorServer, { host, port }: ListenAddress): Promise<number> {
  try {
    await server.listen({ host, port, listenTextResolver })
  } catch (error) {
    throw cannotListen(error, host, port)
  }
  const bound = server.server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}

function cannotListen(error: unknown, host: string, port: number): ProbeError {
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken; choose another, or 0 for a free one',
    EACCES: 'this user may not listen there; choose a port above 1023',
    EADDRNOTAVAIL: 'no interface of this machine has that address',
  }
  const reason = why[errnoOf(error) ?? ''] ?? messageOf(error)
  return new ProbeError('COLLECTOR_PORT', `the collector cannot listen on ${host}:${port}: ${reason}`, { cause: error })
}

/** Whole or not at all: whoever waits for the file reads it as soon as it is there. */
function writePortFile(path: string, port: number): void {
  try {
    writeFileSync(`${path}.${process.pid}.tmp`, `${port}\n`)
    renameSync(`${path}.${process.pid}.tmp`, path)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `--port-file ${path} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function closeWithin(server: CollectorServer): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), CLOSE_LIMIT_MS)
  try {
    await server.close()
  } finally {
    clearTimeout(timer)
  }
}
