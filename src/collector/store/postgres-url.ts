/**
 * `--store postgres://…`: what it names, without its secrets, and what goes to the driver.
 *
 * Whatever is printed, logged or thrown names the store by `name`: host, port and database. User, password and options
 * stay out of it.
 */
import { ProbeError } from '../../core/errors.ts'

export interface PostgresUrl {
  /** `postgres://host:5432/database`. */
  readonly name: string
  /** For the driver; carries secrets. */
  readonly connectionString: string
  /** Takes the password out of a text, in case somebody put it there. */
  readonly redact: (text: string) => string
}

export const POSTGRES_EXAMPLE = 'postgres://plugpull@db.example/plugpull'

/** To `pg` all of these check the certificate and the host's name, and it says so in a warning for every mode but the last. */
const CHECKED_MODES = new Set(['prefer', 'require', 'verify-ca', 'verify-full'])
const MODES = new Set([...CHECKED_MODES, 'disable', 'no-verify'])

/** Throws BAD_OPTION, without repeating the URL: it may carry a password. */
export function parsePostgresUrl(text: string): PostgresUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const database = url === undefined ? '' : decoded(url.pathname.slice(1))
  if (url === undefined || database === '') {
    throw new ProbeError(
      'BAD_OPTION',
      `--store got a postgres: URL that cannot be read or names no database; it takes one such as ${POSTGRES_EXAMPLE}`,
    )
  }
  const mode = url.searchParams.get('sslmode')
  if (mode !== null && !MODES.has(mode)) {
    throw new ProbeError('BAD_OPTION', `--store: sslmode=${mode} is none of ${[...MODES].join(', ')}`)
  }
  if (mode !== null && CHECKED_MODES.has(mode)) url.searchParams.set('sslmode', 'verify-full')
  return { name: nameOf(url, database), connectionString: url.href, redact: redactor(url) }
}

/** A host that is a folder is where the server's socket is. */
function nameOf(url: URL, database: string): string {
  const host = url.searchParams.get('host') ?? decoded(url.hostname)
  const port = url.searchParams.get('port') ?? url.port
  return `postgres://${host === '' ? 'localhost' : host}${port === '' ? '' : `:${port}`}/${database}`
}

function redactor(url: URL): (text: string) => string {
  const given = [url.password, url.searchParams.get('password') ?? '', process.env['PGPASSWORD'] ?? '']
  const secrets = given.flatMap((secret) => (secret === '' ? [] : [secret, decoded(secret)]))
  return (text) => secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Any `--store` that is to be shown: what stands between `//` and `@` is left out, and what options say of a password. */
export const withoutSecrets = (spec: string): string =>
  spec.replace(/\/\/.*@/, '//***@').replace(/(password=)[^&]*/gi, '$1***')
