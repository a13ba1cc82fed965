/** What PostgreSQL, or the way to it, refused: by SQLSTATE, as what the store does about it and what people are told. */
import { errnoOf, messageOf, ProbeError } from '../../core/errors.ts'

/**
 * `again`: the transaction lost against another one, and is worth another try at once. `lost`: the connection is of no
 * use any more. `unknown`: the connection was lost in the commit. `full`: no room. `other`: the rest.
 */
export type FailureKind = 'again' | 'lost' | 'unknown' | 'full' | 'other'

/**
 * Serialization failure, deadlock, and what another collector made between our look and our own making: a row, or the table of
 * the version, for which PostgreSQL says so even to CREATE TABLE IF NOT EXISTS.
 */
const AGAIN = new Set(['40001', '40P01', '23505', '42P07', '42710'])
/** Disk full, and `insufficient_resources` without more. */
const FULL = new Set(['53100', '53000'])
/** Connection exceptions, and what a server says that is on its way down or up. */
const LOST = /^(?:08...|57P0[1-5]|25P03)$/

const WAYS_OUT: Readonly<Record<string, string>> = {
  '28P01': 'the password is wrong or missing; give it by PGPASSWORD or ~/.pgpass',
  '28000': "the server's pg_hba.conf does not let this user in from here",
  '3D000': 'create the database first: createdb',
  '42501': 'the user lacks a right on the tables; see docs/OPERATIONS.md',
  '53300': 'the server has no connection left; raise max_connections, or run fewer collectors',
  '55P03': 'another transaction held a row for too long; look at pg_stat_activity',
  '57014': 'the statement took too long; look at the load of the server',
  ECONNREFUSED: 'no server listens there; start it, or check host and port',
  ENOTFOUND: 'there is no host of that name',
  ENOENT: 'there is no socket of a server there',
}
const TLS = /self.signed|certificate|SSL|TLS|altnames/i
const WAY_OUT_TLS =
  'name the CA with sslrootcert=FILE; or sslmode=no-verify, which encrypts and does not know to whom; or sslmode=disable'
const WAY_OUT = 'check the server and the network; what was acknowledged is kept'

/** Thrown inside the driver alone. */
export class PostgresFailure extends Error {
  readonly kind: FailureKind
  readonly sqlState: string

  constructor(cause: unknown, kind?: FailureKind) {
    super(messageOf(cause), { cause })
    this.sqlState = sqlStateOf(cause)
    this.kind = kind ?? kindOf(this.sqlState)
  }

  /** As it is told: it names the store, and holds no secret. */
  told(store: string, redact: (text: string) => string): ProbeError {
    const code = this.sqlState === '' ? errnoOf(this.cause) : this.sqlState
    const said = redact(`${this.message}${code === undefined ? '' : ` (${code})`}`)
    switch (this.kind) {
      case 'full':
        return new ProbeError(
          'STORE_FULL',
          `the store ${store} is full: ${said}; make room at the server, all that was acknowledged is intact`,
        )
      case 'unknown':
        return new ProbeError(
          'STORE_UNAVAILABLE',
          `the store ${store} did not answer to a commit: ${said}; whether it kept the request is not known, and sending it again is safe`,
        )
      case 'again':
      case 'lost':
      case 'other':
        return new ProbeError('STORE_UNAVAILABLE', `the store ${store} cannot be used: ${said}; ${this.#wayOut(code)}`)
    }
  }

  #wayOut(code: string | undefined): string {
    return WAYS_OUT[code ?? ''] ?? (this.sqlState === '' && TLS.test(this.message) ? WAY_OUT_TLS : WAY_OUT)
  }
}

/** What has no SQLSTATE did not come from the server: the connection broke, or was given up. */
function kindOf(sqlState: string): FailureKind {
  if (sqlState === '' || LOST.test(sqlState)) return 'lost'
  if (AGAIN.has(sqlState)) return 'again'
  return FULL.has(sqlState) ? 'full' : 'other'
}

/** Five characters, such as `40001`. Node's own codes are longer or begin with E. */
function sqlStateOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('severity' in error)) return ''
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : ''
}
