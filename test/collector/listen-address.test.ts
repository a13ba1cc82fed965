/** Addresses to listen on, and which of them need a token. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isLoopback, parseListen, requireTokenBeyondLoopback, urlOf } from '../../src/collector/http/listen-address.ts'
import { readTokenFile } from '../../src/io/collector-client.ts'
import { scratch } from './helpers.ts'

test('addresses', () => {
  assert.deepEqual(parseListen('127.0.0.1:0'), { host: '127.0.0.1', port: 0 })
  assert.deepEqual(parseListen('localhost:7117'), { host: 'localhost', port: 7117 })
  assert.deepEqual(parseListen('[::1]:65535'), { host: '::1', port: 65535 })
  for (const bad of [
    '',
    '7117',
    'localhost',
    ':7117',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:7117',
    '[x]:1',
    '[12]:1',
    'a/b:1',
    'h:1x',
  ]) {
    assert.throws(() => parseListen(bad), { code: 'BAD_OPTION', message: /--listen got .*HOST:PORT/ }, bad)
  }
  assert.equal(urlOf('::1', 80), 'http://[::1]:80')
  assert.equal(urlOf('host', 80), 'http://host:80')
})

test('only loopback goes without a token', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '192.0.2.1', '127.evil.example', 'example', '10.0.2.2']) {
    assert(!isLoopback(host), host)
    assert.throws(() => requireTokenBeyondLoopback({ host, port: 1 }, false), {
      code: 'BAD_OPTION',
      message: /--token-file/,
    })
    requireTokenBeyondLoopback({ host, port: 1 }, true)
  }
})

test('a token is one line of printable characters', (t) => {
  const file = join(scratch(t), 'token')
  for (const bad of ['', '\n', 'two words\n', 'two\nlines\n', 'ü\n']) {
    writeFileSync(file, bad)
    assert.throws(
      () => readTokenFile(file),
      { code: 'BAD_OPTION', message: /--token-file .*one line/ },
      JSON.stringify(bad),
    )
  }
  writeFileSync(file, ' s3cret~\n')
  assert.equal(readTokenFile(file), 's3cret~')
})
