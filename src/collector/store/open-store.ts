/** `--store` to a store: the one place that knows which kinds there are. */
import { existsSync } from 'node:fs'
import { ProbeError } from '../../core/errors.ts'
import { openPostgresStore } from './postgres-store.ts'
import { POSTGRES_EXAMPLE, withoutSecrets } from './postgres-url.ts'
import { openSqliteStore } from './sqlite-database.ts'
import type { Store, StoreAccess } from './store.ts'

export const STORE_DEFAULT = 'sqlite:plugpull.db'

/** Throws BAD_OPTION where the kind is not known, STORE_UNAVAILABLE or STORE_VERSION where the store cannot be used. */
export async function openStore(spec: string, access: StoreAccess): Promise<Store> {
  const [kind, rest] = partsOf(spec)
  if (kind === 'sqlite' && rest !== undefined && rest !== '') return openSqliteStore(rest, { access })
  if (kind === 'postgres' || kind === 'postgresql') return openPostgresStore(spec, access)
  throw new ProbeError(
    'BAD_OPTION',
    `--store got ${JSON.stringify(withoutSecrets(spec))}; it takes sqlite:FILE, such as ${STORE_DEFAULT}, or a URL such as ${POSTGRES_EXAMPLE}`,
  )
}

/** False where opening the store for writing would make it anew; a server's database is made by others. */
export function isStoreThere(spec: string): boolean {
  const [kind, rest = ''] = partsOf(spec)
  return kind !== 'sqlite' || existsSync(rest)
}

const partsOf = (spec: string): readonly (string | undefined)[] => /^([a-z]+):(.*)$/.exec(spec)?.slice(1) ?? []
