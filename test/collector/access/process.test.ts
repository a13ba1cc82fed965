/** Tokens on the command line, what a collector demands before it lets others in, and that no secret is in its log. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RUN_KEY_HEADER } from '../../../src/io/collector-client.ts'
import { ENTRY, runId, scratch, spawnCollector } from '../helpers.ts'
import { OWN_KEY, ask, bearer, newRun } from './cast.ts'

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [ENTRY, ...args], { encoding: 'utf8', timeout: 30_000 })
}

test('tokens are made in a store and at a collector, listed and revoked', async (t) => {
  const folder = scratch(t)
  const at = ['--store', `sqlite:${join(folder, 'store.db')}`]
  const adminFile = join(folder, 'admin.token')
  const first = run('token', 'create', '--role', 'admin', '--name', 'me', '--output', adminFile, ...at)
  assert.deepEqual([first.status, first.stdout], [0, ''], first.stderr)
  assert.match(first.stderr, /role admin .*never expires.*\n.*the first one: from now on/)
  const admin = readFileSync(adminFile, 'utf8').trim()
  assert.match(admin, /^pp_a_[\w-]{43}$/)
  assert(!first.stderr.includes(admin))
  assert.equal(statSync(adminFile).mode & 0o777, 0o600)

  const { url } = await spawnCollector(t, at[1] ?? '')
  const there = ['--collector', url, '--token-file', adminFile]
  const made = run('token', 'create', '--role', 'enrolment', '--name', 'agents', '--expires', '90d', ...there)
  assert.equal(made.status, 0, made.stderr)
  assert.match(made.stdout, /^pp_e_[\w-]{43}\n$/)
  const json = run('token', 'create', '--role', 'reader', '--name', 'wall', '--json', ...there)
  const { id, token } = JSON.parse(json.stdout)
  assert.match(token, /^pp_r_/)
  const list = run('token', 'list', ...there)
  assert.match(list.stdout, /^id +role +state +created +expires +name\n/)
  assert.match(list.stdout, /enrolment +valid .* agents\n/)
  for (const secret of [admin, made.stdout.trim(), token]) assert(!list.stdout.includes(secret))
  const { tokens } = JSON.parse(run('token', 'list', '--json', ...at).stdout)
  assert.deepEqual(tokens.map((one: { name: string }) => one.name).toSorted(), ['agents', 'me', 'wall'])

  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(token))).status, 200)
  assert.equal(run('token', 'revoke', id, ...there).stdout, `token ${id} is revoked\n`)
  assert.equal((await ask(url, 'GET', '/v1/runs', bearer(token))).status, 401)
  assert.equal(run('token', 'revoke', id, ...at).stdout, `token ${id} was revoked before\n`)
  assert.match(run('token', 'list', ...at).stdout, /reader +revoked .* wall\n/)
})

test('what token cannot do is refused in one line, and nothing is made', (t) => {
  const folder = scratch(t)
  const at = ['--store', `sqlite:${join(folder, 'store.db')}`]
  const create = ['token', 'create', '--name', 'a', '--role']
  const there = join(folder, 'there')
  writeFileSync(there, 'precious')
  const empty = join(folder, 'empty.db')
  writeFileSync(empty, '')
  const typo = `sqlite:${join(folder, 'typo.db')}`
  assert.equal(run(...create, 'reader', ...at).status, 0)
  const cases: [string[], number, RegExp][] = [
    [[...create, 'king', ...at], 64, /--role got "king"; it takes enrolment, orchestrator, reader, admin/],
    [[...create, 'reader', ...at], 64, /--name "a" is that of a token which is not revoked/],
    [[...create, 'reader'], 64, /token needs --store .* or --collector/],
    [[...create, 'reader', '--expires', 'soon', ...at], 64, /--expires got "soon"; it takes a span such as 90d/],
    [[...create, 'reader', '--expires', '2020-01-01', ...at], 64, /--expires got .* to come/],
    [
      ['token', 'create', '--name', 'b', '--role', 'reader', '--output', there, ...at],
      74,
      /--output .*there is there already/,
    ],
    [['token', 'revoke', 'ffffffff', ...at], 64, /has no token "ffffffff"/],
    [
      ['token', 'revoke', 'nope', ...at],
      64,
      /token revoke got "nope"; it takes the id of a token, 8 hexadecimal digits/,
    ],
    [['token', 'list', '--store', typo], 69, /STORE_UNAVAILABLE: .*typo\.db cannot be used: there is no such file/],
    [['token', 'revoke', 'ffffffff', '--store', typo], 69, /there is no such file/],
    [['prune', '--older-than', '1d', '--store', typo], 69, /there is no such file/],
    [['export', '--all', '--store', typo], 69, /there is no such file/],
    [['prune', '--older-than', '1d', '--store', `sqlite:${empty}`], 69, /the file is empty/],
    [['token', 'list', '--collector', 'http://127.0.0.1:1'], 69, /COLLECTOR_UNREACHABLE/],
  ]
  for (const [args, status, message] of cases) {
    const outcome = run(...args)
    assert.equal(outcome.status, status, `${args.join(' ')}: ${outcome.stderr}`)
    assert.match(outcome.stderr, message)
    assert.equal(outcome.stdout, '')
  }
  assert.equal(readFileSync(there, 'utf8'), 'precious')
  assert(!existsSync(join(folder, 'typo.db')))
  assert.equal(statSync(empty).size, 0)
  assert.equal(JSON.parse(run('token', 'list', '--json', ...at).stdout).tokens.length, 1)
})

test('beyond loopback a collector starts with an admin alone', async (t) => {
  const folder = scratch(t)
  const store = `sqlite:${join(folder, 'store.db')}`
  const listen = ['collector', '--listen', '0.0.0.0:0', '--store', store]
  assert.match(run(...listen).stderr, /BAD_OPTION: --listen 0\.0\.0\.0:0 lets other machines in.*plugpull token create/)
  assert.deepEqual(readdirSync(folder), [])
  run('token', 'create', '--role', 'reader', '--name', 'r', '--store', store)
  assert.equal(run(...listen).status, 64)
  run('token', 'create', '--role', 'admin', '--name', 'a', '--store', store)
  // The last --listen counts, and what is bound is reached by loopback too.
  const collector = await spawnCollector(t, store, ['--listen', '0.0.0.0:0'])
  const { url } = collector
  assert.match(
    collector.complaints(),
    new RegExp(`listening on http://0\\.0\\.0\\.0:\\d+ \\(its page: http://${hostname().toLowerCase()}:\\d+/\\)`),
  )
  assert.equal((await ask(url, 'GET', '/v1/runs')).status, 401)
})

test('the start tells the address that people have', async (t) => {
  const named = ['--public-url', 'https://lab.example/plugpull/']
  const collector = await spawnCollector(t, `sqlite:${join(scratch(t), 'store.db')}`, named)
  assert.match(
    collector.complaints(),
    /listening on http:\/\/127\.0\.0\.1:\d+ \(its page: https:\/\/lab\.example\/plugpull\/\)\n/,
  )
})

test('revoking the last admin is done, and said', async (t) => {
  const store = `sqlite:${join(scratch(t), 'store.db')}`
  const make = (name: string, role: string): string =>
    JSON.parse(run('token', 'create', '--role', role, '--name', name, '--json', '--store', store).stdout).id
  const [one, two, reader] = [make('one', 'admin'), make('two', 'admin'), make('three', 'reader')]
  const revoke = (id: string): string => run('token', 'revoke', id, '--store', store).stderr
  assert.equal(revoke(one), '')
  assert.match(
    revoke(two),
    /the last valid token of role admin .* plugpull token create --role admin --name NAME --store sqlite:.*store\.db\n$/,
  )
  assert.equal(revoke(two), '')
  assert.equal(revoke(reader), '')
})

test('who may not is told how to on the command line', async (t) => {
  const folder = scratch(t)
  const store = `sqlite:${join(folder, 'store.db')}`
  const file = join(folder, 'reader.token')
  run('token', 'create', '--role', 'reader', '--name', 'r', '--output', file, '--store', store)
  const { url } = await spawnCollector(t, store)
  const none = run('report', '--campaign', 'x', '--collector', url).stderr
  assert.match(none, /a token is needed; give --token-file FILE with one of role reader, orchestrator or admin;/)
  assert.doesNotMatch(none, /Bearer|sign-in/)
  const prune = ['prune', '--older-than', '1d', '--collector', url, '--token-file', file]
  assert.match(run(...prune).stderr, /of role reader, which may not .*; give --token-file FILE with one of role admin;/)
})

test('no secret is in the log of a collector, whatever it is asked', async (t) => {
  const folder = scratch(t)
  const tokenFile = join(folder, 'token')
  writeFileSync(tokenFile, 'bootstrap/s3cret')
  const store = `sqlite:${join(folder, 'store.db')}`
  const options = ['--token-file', tokenFile, '--log-level', 'debug']
  const collector = await spawnCollector(t, store, options)
  const { url } = collector
  const admin = bearer('bootstrap/s3cret')
  const { token } = JSON.parse(
    (await ask(url, 'POST', '/v1/tokens', admin, JSON.stringify({ name: 'agents', role: 'enrolment' }))).text,
  )
  const reader = JSON.parse(
    (await ask(url, 'POST', '/v1/tokens', admin, JSON.stringify({ name: 'r', role: 'reader' }))).text,
  )
  const key = { [RUN_KEY_HEADER]: OWN_KEY }
  await ask(url, 'POST', '/v1/runs', { ...bearer(token), ...key }, newRun(runId(1)))
  await ask(url, 'POST', `/v1/runs/${runId(1)}/log?offset=0&hidden=in-the-query`, { ...bearer(token), ...key })
  await ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token: reader.token }))
  await ask(url, 'GET', '/v1/runs?campaign=in-the-query', {
    cookie: `plugpull_session_${new URL(url).port}=${reader.token}`,
  })
  await ask(url, 'GET', '/nowhere?in-the-query=1', admin)
  await ask(url, 'POST', '/v1/session', {}, JSON.stringify({ token: 'wrong-password' }))
  await ask(url, 'GET', '/v1/runs', bearer('wrong-password'))
  await ask(url, 'GET', '/v1/runs', { authorization: 'Basic d3JvbmctcGFzc3dvcmQ6' })
  await collector.kill('SIGTERM')
  const log = collector.complaints()
  assert.match(log, /"route":"\/v1\/runs\/:run\/log","status":200/)
  assert.match(log, /"tokenName":"agents".*"token made"/)
  const secrets = [token, reader.token, OWN_KEY, 'bootstrap/s3cret', 'in-the-query', 'wrong-password', 'd3Jvbmct']
  for (const secret of secrets) assert(!log.includes(secret), `${secret} is in the log`)
})
