import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { findFio, fioReport, fioTool } from '../../../bench/peers/fio.ts'
import { fioAccusations, fioResult } from '../../../bench/peers/fio-output.ts'
import { scratchFolder } from '../../support/plugpull-process.ts'

/** A program that answers as fio does when it is asked what it is. */
function fakeFio(folder: string, version: string, help: string): string {
  const path = join(folder, version)
  writeFileSync(path, `#!/bin/sh\ncase "$1" in --version) echo ${version};; *) echo "${help}";; esac\n`, {
    mode: 0o755,
  })
  return path
}

const PLACE = 'at file /tmp/back.raw offset 9535488, length 4096 (requested block: offset=9535488, length=4096)'

const json = (error: number, blocks: number): string =>
  `fio: a warning\n${JSON.stringify({ 'fio version': 'fio-3.33', jobs: [{ error, read: { total_ios: blocks } }] })}`

describe('what fio says', () => {
  it('a header that is not there, one that is another, and a checksum, each at its place', () => {
    const found = fioAccusations(
      [
        `verify: bad magic header 0, wanted acca ${PLACE}`,
        `verify: bad magic header d0f1, wanted acca ${PLACE}`,
        `verify: bad header offset 4096, wanted 9535488 ${PLACE}`,
        `verify: bad header rand_seed 123, wanted 456 ${PLACE}`,
        `verify: bad header numberio 7, wanted 9 ${PLACE}`,
        `crc32c: verify failed ${PLACE}`,
        '       Expected CRC: 6e4ff8d0',
        '       Received CRC: 7ae0e3b6',
        'fio: pid=1, err=84/file:io_u.c:2240, func=io_u_queued_complete, error=Invalid or incomplete multibyte or wide character',
      ].join('\n'),
    )
    assert.deepEqual(
      found.map(({ text }) => text),
      [
        'verify: bad magic header 0, wanted acca',
        'verify: bad magic header N, wanted acca',
        'verify: bad header offset N, wanted N',
        'verify: bad header rand_seed N, wanted N',
        'verify: bad header numberio N, wanted N',
        'crc32c: verify failed',
      ],
    )
    for (const { offset, bytes, namesWrite } of found)
      assert.deepEqual([offset, bytes, namesWrite], [9_535_488, 4096, false])
  })

  it('its JSON, behind warnings too', () => {
    assert.deepEqual(fioResult(json(84, 12)), { errors: [84], blocksRead: 12 })
    assert.equal(fioResult('fio: it never came that far'), undefined)
    assert.equal(fioResult('{"jobs": 3}'), undefined)
  })

  it('accuses the disk only with a place', () => {
    assert.equal(fioReport(`crc32c: verify failed ${PLACE}`, json(84, 3)).word, 'faulty')
    assert.equal(fioReport('', json(0, 3)).word, 'sound')
    assert.deepEqual(fioReport('fio: failed loading verify state', json(2, 0)), {
      word: 'cannot tell',
      accusations: [],
      said: 'fio: failed loading verify state',
    })
  })

  it('is no acquittal where it read nothing, or left no JSON', () => {
    assert.equal(fioReport('', json(0, 0)).word, 'cannot tell')
    assert.equal(fioReport('', '').word, 'cannot tell')
  })
})

describe('which fio it is', () => {
  it('has the fsynced policy where its help knows verify_policy', async (t) => {
    const folder = scratchFolder(t)
    const old = await findFio(fakeFio(folder, 'fio-3.33', 'No such command: verify_policy'))
    assert.deepEqual([old.version, old.hasPolicy], ['fio-3.33', false])
    const recent = await findFio(fakeFio(folder, 'fio-3.42', 'verify_policy : Verify policy'))
    assert.equal(recent.hasPolicy, true)
    const { name, commands } = fioTool(recent, { flushEvery: 16, overwrites: true }, 'outlives', 'fsynced')
    assert.equal(name, 'fio (fsynced)')
    for (const command of commands) assert.match(command, / --verify_policy=fsynced /)
  })

  it('is refused where it does not say that it is one', async (t) => {
    await assert.rejects(findFio(fakeFio(scratchFolder(t), 'dd', '')), { code: 'BAD_OPTION' })
  })
})
