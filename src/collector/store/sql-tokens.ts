/** Tokens in SQL. */
import { marks, type Sql } from './database.ts'
import { type TokenRow, tokenOf } from './rows.ts'
import type { Store, TokenRecord } from './store.ts'

const TOKENS = 'SELECT id, name, role, hash, created_at, expires_at, revoked_at FROM tokens'

/** What is taken the indexes know, also of collectors that add at the same moment. */
export async function addToken(sql: Sql, token: TokenRecord): ReturnType<Store['addToken']> {
  const { id, name, role, hash, createdAt, expiresAt, revokedAt } = token
  const added = await sql.all(
    `INSERT INTO tokens (id, name, role, hash, created_at, expires_at, revoked_at) VALUES (${marks(7)})
     ON CONFLICT DO NOTHING RETURNING id`,
    [id, name, role, hash, createdAt, expiresAt ?? null, revokedAt ?? null],
  )
  return added.length > 0 ? 'added' : 'taken'
}

export const tokenList = async (sql: Sql): Promise<readonly TokenRecord[]> =>
  (await sql.all<TokenRow>(`${TOKENS} ORDER BY created_at, id`)).map(tokenOf)

export async function tokenByHash(sql: Sql, hash: string): Promise<TokenRecord | undefined> {
  const [row] = await sql.all<TokenRow>(`${TOKENS} WHERE hash = ?`, [hash])
  return row === undefined ? undefined : tokenOf(row)
}

export async function revokeToken(sql: Sql, id: string, at: string): ReturnType<Store['revokeToken']> {
  const [row] = await sql.all<TokenRow>(`${TOKENS} WHERE id = ?`, [id])
  if (row === undefined) return 'unknown'
  if (row.revoked_at !== null) return 'already'
  await sql.all('UPDATE tokens SET revoked_at = ? WHERE id = ?', [at, id])
  return 'revoked'
}
