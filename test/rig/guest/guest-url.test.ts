import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guestUrl } from '../../../src/rig/guest/guest-url.ts'

describe('addresses inside a guest', () => {
  for (const host of ['127.0.0.1', '127.9.8.7', 'localhost', '0.0.0.0', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]'])
    it(`has ${host} as the host's`, () => assert.equal(guestUrl(`http://${host}:7117`), 'http://10.0.2.2:7117'))

  for (const host of ['lab.example', '192.168.0.1', '[::2]', '[fd00::1]'])
    it(`leaves ${host} alone`, () => assert.equal(guestUrl(`http://${host}:7117`), `http://${host}:7117`))
})
