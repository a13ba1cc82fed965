/**
 * Everybody tries every address of a running collector, as its own OpenAPI document lists them: what is allowed and refused is what
 * the table says, and docs/ACCESS.md has that table. `PLUGPULL_UPDATE_DOCS=1` writes it anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { type Grant, PERMISSIONS, type Permission } from '../../../src/collector/access/permissions.ts'
import { LIMITS } from '../../../src/collector/access/rate-limits.ts'
import { ROLES, type Role } from '../../../src/collector/store/store.ts'
import { RUN_KEY_HEADER } from '../../../src/io/collector-client.ts'
import { type Cast, OTHER_RUN, OWN_KEY, OWN_RUN, TOKEN_FILE, ask, bearer, castOf } from './cast.ts'

// dist/test/collector/access → the checkout.
const DOCS = fileURLToPath(new URL('../../../../docs/ACCESS.md', import.meta.url))

interface Endpoint {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As it is registered: `/v1/runs/:run`. */
  readonly route: string
}

const METHODS = ['GET', 'POST', 'DELETE'] as const

async function endpointsOf({ url }: Cast): Promise<readonly Endpoint[]> {
  const { text } = await ask(url, 'GET', '/openapi.json', bearer(TOKEN_FILE))
  const document: unknown = JSON.parse(text)
  assert(typeof document === 'object' && document !== null && 'paths' in document)
  const { paths } = document
  assert(typeof paths === 'object' && paths !== null)
  return Object.entries(paths).flatMap(([path, methods]: [string, object]) =>
    Object.keys(methods).map((name) => {
      const method = METHODS.find((one) => one === name.toUpperCase()) ?? assert.fail(`a test of ${name} is missing`)
      return { method, route: path.replaceAll(/\{(\w+)\}/g, ':$1') }
    }),
  )
}

/** What stands for each part of a route: things that are there, and an id of no token, so that nothing is spoilt. */
const VALUES: Readonly<Record<string, string>> = { name: 'sample', number: '1', id: '0badcafe' }

const pathOf = (route: string, run: string): string =>
  route.replaceAll(/:(\w+)/g, (_, name: string) => (name === 'run' ? run : (VALUES[name] ?? assert.fail(name))))

interface Knocker {
  readonly who: string
  readonly run: string
  readonly headers: Record<string, string>
  readonly expected: (permission: Permission, method: Endpoint['method']) => boolean
}

const may = (permission: Permission, role: Role, ...grants: readonly Grant[]): boolean =>
  permission === 'open' || grants.includes(permission[role])

function knockers({ url, tokens, revoked, expired }: Cast): readonly Knocker[] {
  const key = { [RUN_KEY_HEADER]: OWN_KEY }
  const isOpen = (permission: Permission): boolean => permission === 'open'
  const roles = (['orchestrator', 'reader', 'admin'] as const).map((role) => ({
    who: role,
    run: OTHER_RUN,
    headers: bearer(tokens[role]),
    expected: (permission: Permission) => may(permission, role, 'yes'),
  }))
  const agent = { ...bearer(tokens.enrolment), ...key }
  return [
    ...roles,
    { who: 'nobody', run: OWN_RUN, headers: key, expected: isOpen },
    {
      who: 'enrolment, its own run',
      run: OWN_RUN,
      headers: agent,
      expected: (permission) => may(permission, 'enrolment', 'yes', 'own run'),
    },
    // Creating has no run in its address, and is tried by itself below.
    {
      who: "enrolment, another's run",
      run: OTHER_RUN,
      headers: { ...agent, [RUN_KEY_HEADER]: `${OWN_KEY}x` },
      expected: (permission) => may(permission, 'enrolment', 'yes'),
    },
    { who: 'revoked', run: OWN_RUN, headers: bearer(revoked), expected: isOpen },
    { who: 'expired', run: OWN_RUN, headers: bearer(expired), expected: isOpen },
    { who: 'a made-up token', run: OWN_RUN, headers: bearer(`pp_a_${'x'.repeat(43)}`), expected: isOpen },
    { who: '--token-file', run: OWN_RUN, headers: bearer(TOKEN_FILE), expected: () => true },
    {
      who: 'a session of the admin',
      run: OWN_RUN,
      headers: { cookie: `a=b; plugpull_session_${new URL(url).port}=${tokens.admin}` },
      expected: (permission, method) => may(permission, 'admin', 'yes') && (permission === 'open' || method === 'GET'),
    },
  ]
}

test('each role at each address: allowed and refused as the table says', async (t) => {
  const cast = await castOf(t)
  const endpoints = await endpointsOf(cast)
  assert(endpoints.length >= 19)
  for (const { method, route } of endpoints) {
    const permission = PERMISSIONS[`${method} ${route}`] ?? assert.fail(`${method} ${route} is not in the table`)
    for (const { who, run, headers, expected } of knockers(cast)) {
      const isCreation = method === 'POST' && route === '/v1/runs'
      if (isCreation && who.startsWith("enrolment, another's")) continue
      const body = method === 'GET' || route.endsWith('/log') ? undefined : '{}'
      const answer = await ask(cast.url, method, pathOf(route, run), headers, body)
      const wasAllowed = answer.status !== 401 && answer.status !== 403
      // Signing in is open, and what is refused there is the body.
      assert.equal(
        wasAllowed,
        expected(permission, method),
        `${who}: ${method} ${route}: ${answer.status} ${answer.text}`,
      )
      assert.notEqual(answer.status, 429, `${who}: ${method} ${route}`)
    }
  }
})

const mark = (permission: Permission, column: 'nobody' | Role): string => {
  if (permission === 'open') return 'yes'
  const grant = column === 'nobody' ? 'no' : permission[column]
  return grant === 'no' ? '–' : grant
}

test('docs/ACCESS.md has the limits', () => {
  const written = [...readFileSync(DOCS, 'utf8').matchAll(/^\|[^|]+\| (?:token|address) +\| +([\d,]+) +\|$/gm)]
  const numbers = written.map(([, number = '']) => Number(number.replaceAll(',', '')))
  assert.deepEqual(numbers, [LIMITS.append, LIMITS.other, LIMITS.open, LIMITS.refused])
})

test('docs/ACCESS.md has the table', async (t) => {
  const endpoints = new Set((await endpointsOf(await castOf(t))).map(({ method, route }) => `${method} ${route}`))
  const columns = ['nobody', ...ROLES] as const
  const rows = Object.entries(PERMISSIONS)
    .filter(([endpoint]) => endpoints.has(endpoint))
    .map(([endpoint, permission]) => [`\`${endpoint}\``, ...columns.map((column) => mark(permission, column))])
  const head = ['address', 'no token', ...ROLES]
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const between = /(<!-- table: made by test\/collector\/access -->\n)[^]*?(\n<!-- end of table -->)/
  const written = readFileSync(DOCS, 'utf8')
  assert.match(written, between)
  if (process.env['PLUGPULL_UPDATE_DOCS'] === '1')
    writeFileSync(
      DOCS,
      written.replace(between, (_, before: string, after: string) => `${before}\n${table}\n${after}`),
    )
  // Compared without the padding that the formatter puts into tables.
  const plain = (text: string): string => text.replaceAll(/-{3,}/g, '---').replaceAll(/ +/g, ' ')
  assert(
    plain(readFileSync(DOCS, 'utf8')).includes(plain(table)),
    'docs/ACCESS.md is not what the table says: PLUGPULL_UPDATE_DOCS=1',
  )
})
