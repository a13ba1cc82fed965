/** The shapes of tokens and sessions in the HTTP API. */
import { Type } from 'typebox'
import { ROLES } from '../store/store.ts'

const Role = Type.Enum([...ROLES])
const time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' })
const Name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]*$' })
const Secret = Type.String({ minLength: 1, maxLength: 1000, pattern: '^[\\x21-\\x3a\\x3c-\\x7e]+$' })

export const SignInBody = Type.Object({ token: Secret })
export const SessionBody = Type.Object({
  role: Role,
  by: Type.Enum(['token', 'session', 'token-file', 'loopback']),
  name: Type.String({ description: 'of the token' }),
  expiresAt: Type.Optional(time),
})
export const SignedOutBody = Type.Object({ signedOut: Type.Literal(true) })

const token = {
  id: Type.String(),
  name: Name,
  role: Role,
  createdAt: time,
  expiresAt: Type.Optional(time),
  revokedAt: Type.Optional(time),
}
export const NewTokenBody = Type.Object(
  { name: Name, role: Role, expiresAt: Type.Optional(time) },
  { additionalProperties: false },
)
export const TokenCreatedBody = Type.Object({
  token: Type.String({ description: 'the secret itself; it is not kept, and not told again' }),
  ...token,
})
export const TokensBody = Type.Object({ tokens: Type.Array(Type.Object(token)) })
export const TokenParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{1,32}$' }) })
export const TokenRevokedBody = Type.Object({
  id: Type.String(),
  revoked: Type.Boolean({ description: 'false where it was revoked before' }),
})
