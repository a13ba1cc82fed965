/** `--store` to a store: the one place that knows which kinds there are. */
import { ProbeError } from '../../core/errors.ts'
import { openPostgresStore } from './postgres-store.ts'
import { POSTGRES_EXAMPLE, withoutSecrets } from './postgres-url.ts'
import { openSqliteStore } from './sqlite-database.ts'
import type { Store } from './store.ts'

export const STORE_DEFAULT = 'sqlite:plugpull.db'

/** Throws BAD_OPTION where the kind is not known, STORE_UNAVAILABLE or STORE_VERSION where the store cannot be used. */
export async function openStore(spec: string, access: 'read' | 'write'): Promise<Store> {
  const [, kind, rest] = /^([a-z]+):(.*)$/.exec(spec) ?? []
  if (kind === 'sqlite' && rest !== undefined && rest !== '') return openSqliteStore(rest, { access })
  if (kind === 'postgres' || kind === 'postgresql') return openPostgresStore(spec, access)
  throw new ProbeError(
    'BAD_OPTION',
    `--store got ${JSON.stringify(withoutSecrets(spec))}; it takes sqlite:FILE, such as ${STORE_DEFAULT}, or a URL such as ${POSTGRES_EXAMPLE}`,
  )
}
