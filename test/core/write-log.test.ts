/** The reader of write logs: one made by hand, word by word, and one that QEMU made of requests of qemu-io. */
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type WriteLog, type WriteLogEntry, decodeWriteLog } from '../../src/core/write-log.ts'
import { findProgram, runTool } from '../../src/io/process.ts'
import { scratchFolder } from '../support/plugpull-process.ts'

const MAGIC = 0x6a736677736872n

function words(...values: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8)
  values.forEach((value, i) => bytes.writeBigUInt64LE(BigInt(value), i * 8))
  return bytes
}

const sector = (bytes: Uint8Array, sectorBytes = 512): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(sectorBytes - bytes.length)])

interface Raw {
  readonly address?: number
  readonly length?: number
  readonly flags?: number
  readonly note?: string
  readonly data?: number
}

/** A log with that head and those entries; data are sectors full of one byte. */
function logOf(
  raws: readonly Raw[],
  { counted = raws.length, sectorBytes = 512, magic = MAGIC, version = 1 } = {},
): Buffer {
  const head = sector(words(magic, version, counted, sectorBytes), sectorBytes)
  const entries = raws.map(({ address = 0, length = 0, flags = 0, note = '', data }) =>
    Buffer.concat([
      sector(Buffer.concat([words(address, length, flags, note.length), Buffer.from(note)]), sectorBytes),
      data === undefined ? Buffer.alloc(0) : Buffer.alloc(length * sectorBytes, data),
    ]),
  )
  return Buffer.concat([head, ...entries])
}

const decode = (bytes: Uint8Array): WriteLog =>
  decodeWriteLog((offset, length) => bytes.subarray(offset, offset + length), bytes.length)

/** `w 8+2`, `f`, `d 8+2`, `m NOTE`; `!` marks FUA, `^` a flush of its own. */
const told = ({ kind, lba, sectors, fua, preflush, note }: WriteLogEntry): string => {
  if (kind === 'flush') return 'f'
  return kind === 'mark' ? `m ${note}` : `${kind[0]} ${lba}+${sectors}${fua ? '!' : ''}${preflush ? '^' : ''}`
}

describe('a write log made by hand', () => {
  const raws: readonly Raw[] = [
    { flags: 8, note: 'begin' },
    { address: 8, length: 2, data: 0xa1 },
    { flags: 1 },
    { address: 9, length: 1, flags: 2, data: 0xa2 },
    { address: 1, length: 3, flags: 4 },
    { address: 4, length: 1, flags: 17, data: 0xa3 },
  ]
  const expected = ['m begin', 'w 8+2', 'f', 'w 9+1!', 'd 1+3', 'w 4+1^']

  it('is read entry by entry, with where the data are', () => {
    const bytes = logOf(raws)
    const { entries, counted, sectorBytes } = decode(bytes)
    assert.deepEqual(entries.map(told), expected)
    assert.deepEqual([counted, sectorBytes], [6, 512])
    const data = entries.filter(({ kind }) => kind === 'write').map(({ dataAt }) => bytes[dataAt])
    assert.deepEqual(data, [0xa1, 0xa2, 0xa3])
  })

  it('counts in its own sectors, and is told in sectors of 512 bytes', () => {
    const { entries } = decode(logOf([{ address: 2, length: 1, data: 1 }, { flags: 1 }], { sectorBytes: 4096 }))
    assert.deepEqual(entries.map(told), ['w 16+8', 'f'])
    assert.equal(entries[0]?.dataAt, 8192)
  })

  it('is read on beyond its count, to the first that cannot be an entry', () => {
    const whole = logOf(raws, { counted: 1 })
    for (const rest of [Buffer.alloc(0), Buffer.alloc(2048), sector(words(0, 1, 32, 0)), sector(words(0, 1, 8, 481))]) {
      const { entries, counted } = decode(Buffer.concat([whole, rest]))
      assert.deepEqual(entries.map(told), expected)
      assert.equal(counted, 1)
    }
  })

  it('leaves out an entry whose data are cut short, unless the head counts it', () => {
    const cut = logOf(raws.slice(0, 2)).subarray(0, -1)
    assert.throws(() => decode(cut), { code: 'LOG_UNREADABLE', message: /counts 2 entries and has 1/ })
    const uncounted = logOf(raws.slice(0, 2), { counted: 1 }).subarray(0, -1)
    assert.deepEqual(decode(uncounted).entries.map(told), ['m begin'])
  })

  it('is refused where it is none', () => {
    assert.throws(() => decode(Buffer.alloc(512)), { code: 'LOG_UNREADABLE', message: /no write log/ })
    assert.throws(() => decode(Buffer.alloc(0)), { code: 'LOG_UNREADABLE' })
    assert.throws(() => decode(logOf([], { magic: 1n })), { code: 'LOG_UNREADABLE' })
    assert.throws(() => decode(logOf([], { version: 2 })), { code: 'LOG_VERSION' })
    for (const sectorBytes of [0, 100])
      assert.throws(() => decode(sector(words(MAGIC, 1, 0, sectorBytes))), { code: 'LOG_UNREADABLE' })
  })
})

describe('a write log that QEMU made', () => {
  it('says what qemu-io asked for', async (t) => {
    if (findProgram('qemu-io') === undefined) return t.skip('SKIPPED: qemu-io is not installed (qemu-utils)')
    const folder = scratchFolder(t)
    const [disk, log] = [join(folder, 'disk.raw'), join(folder, 'log')]
    writeFileSync(disk, '')
    truncateSync(disk, 2 ** 20)
    writeFileSync(log, '')
    const requests = [
      'write -P 1 0 4k',
      'write -P 2 8k 1k',
      'flush',
      'write -z 4k 512',
      'discard 8k 1k',
      'write -f -P 3 16k 512',
    ]
    const node = `driver=blklogwrites,file.driver=raw,file.file.driver=file,file.file.filename=${disk},log.driver=file,log.filename=${log}`
    await runTool('qemu-io', [...requests.flatMap((request) => ['-c', request]), '--image-opts', node])
    const bytes = readFileSync(log)
    const { entries } = decode(bytes)
    // QEMU makes a write and a flush of a FUA write, flushes at its end, and may flush twice in a row.
    const kinds = entries.map(told).filter((text, at, all) => text !== 'f' || all[at - 1] !== 'f')
    assert.deepEqual(kinds, ['w 0+8', 'w 16+2', 'f', 'w 8+1', 'd 16+2', 'w 32+1', 'f'])
    const data = entries.filter(({ kind }) => kind === 'write').map(({ dataAt }) => bytes[dataAt])
    assert.deepEqual(data, [1, 2, 0, 3])
  })
})
