/** The lines of an export: what is written is read back, and nothing that was changed, cut short or mixed up is taken. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decodeLine, encode, encodeLine } from '../../../src/collector/transfer/codec.ts'
import { readExport } from '../../../src/collector/transfer/read-export.ts'
import { lineOf } from '../../../src/collector/transfer/line.ts'
import { runId } from '../helpers.ts'
import { anyRuns, AT, bytesOf, exportOf, HEADER, inPieces, readAllLines, runLines } from './samples.ts'

const RUN = { n: 1, campaign: 'c', parts: [Buffer.from('abc'), Buffer.from('def')], isCut: true, verdicts: 2, text: '' }
const WHOLE = exportOf([RUN, { ...RUN, n: 2, parts: [], isCut: false, verdicts: 0 }])
const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 4 })

/** What JSON makes of a value: an undefined member is no member. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

async function refused(bytes: Uint8Array, message: RegExp): Promise<void> {
  const { error } = await readAllLines(bytes)
  assert(error !== undefined && 'code' in error, 'it was read to its end')
  assert.equal(error.code, 'EXPORT_UNREADABLE')
  assert.match(error.message, message)
}

test('property: what is written is read back, in pieces of any size, packed or not, and one behind the other', async () => {
  await fc.assert(
    fc.asyncProperty(anyRuns, anyRuns, sizes, fc.boolean(), async (first, second, pieces, packed) => {
      const lines = [...exportOf(first), ...exportOf(second)]
      const bytes = packed
        ? Buffer.concat([gzipSync(bytesOf(exportOf(first))), gzipSync(bytesOf(exportOf(second)))])
        : bytesOf(lines)
      const read = await readAllLines(bytes, pieces)
      assert.equal(read.error, undefined)
      assert.deepEqual(read.lines, plain(lines))
    }),
    { numRuns: 60 },
  )
})

test('property: an export that ends early is told, wherever that is; what was read of it is a prefix', async () => {
  await fc.assert(
    fc.asyncProperty(anyRuns, fc.double({ min: 0, max: 1, noNaN: true }), sizes, async (runs, share, pieces) => {
      const lines = exportOf(runs)
      const bytes = bytesOf(lines)
      // Without its last newline it is still whole.
      const cut = bytes.subarray(0, Math.floor(share * (bytes.length - 2)))
      const read = await readAllLines(cut, pieces)
      assert(read.error !== undefined)
      assert.match(read.error.message, /^x line \d+: /)
      assert.deepEqual(read.lines, plain(lines.slice(0, read.lines.length)))
    }),
    { numRuns: 100 },
  )
})

test('property: no changed byte is taken; the line that has it is named', async () => {
  await fc.assert(
    fc.asyncProperty(anyRuns, fc.nat(), fc.integer({ min: 1, max: 255 }), async (runs, place, change) => {
      const lines = exportOf(runs)
      const bytes = bytesOf(lines)
      const at = place % (bytes.length - 1)
      bytes[at] = (bytes[at] ?? 0) ^ change
      const number = 1 + bytes.subarray(0, at).filter((byte) => byte === 10).length
      const read = await readAllLines(bytes)
      assert(read.error !== undefined, `byte ${at} changed by ${change}`)
      assert.deepEqual(read.lines, plain(lines.slice(0, read.lines.length)))
      const named = Number(/^x line (\d+): /.exec(read.error.message)?.[1])
      assert(named === number || named === number - 1, `line ${named} is named, not ${number}`)
    }),
    { numRuns: 150 },
  )
})

test('property: lines that are left out, doubled or in another order are told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), fc.constantFrom('drop', 'double', 'swap'), async (a, b, how) => {
      const lines = [...WHOLE]
      const at = a % lines.length
      const other = b % lines.length
      const [one, two] = [lines[at], lines[other]]
      assert(one !== undefined && two !== undefined)
      if (how === 'drop') lines.splice(at, 1)
      if (how === 'double') lines.splice(at, 0, one)
      if (how === 'swap') [lines[at], lines[other]] = [two, one]
      // Swapped with itself a line is where it was.
      if (how === 'swap' && at === other) return
      const { error } = await readAllLines(bytesOf(lines))
      assert(error !== undefined, `${how} ${one.kind} ${two.kind}`)
    }),
    { numRuns: 200 },
  )
})

test('hostile input: each kind of it is refused with its line and the reason', async () => {
  const whole = bytesOf(WHOLE)
  await refused(Buffer.alloc(0), /line 1: it is empty/)
  await refused(Buffer.from('{"kind":"header"}\n'), /line 1: it is not a whole line of an export/)
  await refused(Buffer.from('\u0000\u0001'.repeat(100)), /line 1: it is not a whole line/)
  await refused(whole.subarray(0, whole.indexOf(10) + 1), /line 2: it ends without its end line/)
  await refused(bytesOf([HEADER, ...runLines(RUN)]), /line 9: it ends without its end line/)
  await refused(bytesOf([HEADER, ...runLines(RUN).slice(0, 3)]), /line 5: it ends in the middle of run 0{15}1/)
  await refused(bytesOf(runLines(RUN)), /line 1: an export begins with a header, not with a run/)
  await refused(bytesOf([...WHOLE, ...runLines(RUN)]), /a run stands behind the end/)
  const goingOn = runLines(RUN).map((line) => (line.kind === 'run' ? { ...line, continued: true as const } : line))
  await refused(bytesOf([HEADER, ...goingOn]), /line 2: run 0{15}1 goes on here, and has not begun/)
  await refused(bytesOf([HEADER, HEADER]), /line 2: a header stands in the middle/)
  await refused(gzipSync(whole).subarray(0, -20), /cannot be unpacked any further: unexpected end of file/)
})

test('hostile input: a later format, a wrong shape, a foreign manifest, bytes that are not base64', async () => {
  await refused(
    encode({ ...HEADER, schema: 'plugpull.export/2' }),
    /in format "plugpull.export\/2", this program reads/,
  )
  const [head, part, , , verdict] = runLines(RUN)
  assert(head?.kind === 'run' && part?.kind === 'log' && verdict?.kind === 'verdict')
  const behind = (...lines: object[]): Buffer => Buffer.concat([encode(HEADER), ...lines.map(encode)])
  await refused(behind({ ...head, logBytes: -1 }), /line 2: run\/logBytes must be >= 0/)
  await refused(behind({ ...head, run: '../../etc' }), /line 2: run\/run must match pattern/)
  await refused(behind({ ...head, createdAt: 'now' }), /line 2: run\/createdAt is no time: "now"/)
  await refused(behind({ ...head, createdAt: '2026-02-30T00:00:00Z' }), /line 2: run\/createdAt is no time/)
  await refused(behind({ ...head, logPruned: { at: '', bytes: 0 } }), /line 2: run\/logPruned\/at is no time: ""/)
  await refused(behind(head, { ...verdict, at: 'then' }), /line 3: verdict\/at is no time: "then"/)
  await refused(behind({ ...head, campaign: 'other' }), /line 2: its manifest is of run "0{15}1" in campaign "c"/)
  await refused(behind(head, { ...part, bytes: 'YWJ' }), /line 3: its bytes are not base64/)
  await refused(behind(head, { ...part, bytes: 'YWJj\n' }), /line 3: its bytes are not base64/)
  await refused(behind(head, { ...part, offset: 1 }), /line 3: the log goes on at 0, not at 1/)
  await refused(behind(head, { ...part, bytes: 'YWJjZGVmZw==' }), /line 3: the log is longer than the 6 bytes/)
  await refused(behind(head, { ...part, run: runId(2) }), /line 3: a log of run 0{15}2 stands outside of that run/)
  const foreign = { ...verdict, verdict: { ...verdict.verdict, run: runId(2) } }
  await refused(behind(head, foreign), /line 3: its verdict is of run "0{15}2"/)
  await refused(behind(head, { ...verdict, number: 2 }), /line 3: verdict 1 is missing before 2/)
  const digest = createHash('sha256').update('abcdeg').digest('hex')
  const [, ...others] = runLines(RUN)
  await refused(behind({ ...head, logSha256: digest }, ...others), /line 8: the log is not the one whose digest/)
})

test('a line of a kind that is not known is left out and counted; one that is longer than any may be is refused at once', async () => {
  const later = encode({ kind: 'screenshot', run: runId(1), png: 'x' })
  const bytes = Buffer.concat([encodeLine(HEADER), later, bytesOf(WHOLE.slice(1, 4)), later, bytesOf(WHOLE.slice(4))])
  const read = await readAllLines(bytes)
  assert.equal(read.error, undefined)
  assert.deepEqual([...read.unknown], [['screenshot', 2]])
  assert.deepEqual(read.lines, plain(WHOLE))

  let given = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield encodeLine(HEADER)
    for (;;) {
      given += 1 << 16
      yield Buffer.alloc(1 << 16, 0x61)
    }
  }
  const reader = readExport(endless(), 'x', 1 << 20)
  await assert.rejects(async () => {
    for await (const _ of reader.lines);
  }, /x line 2: it is longer than 1048576 bytes/)
  assert(given <= (1 << 20) + (2 << 16), `${given} bytes were read of a line without end`)
})

test('a line is taken with the ending of another system, and empty lines are none', async () => {
  const text = bytesOf(WHOLE).toString('latin1').replaceAll('\n', '\r\n\n')
  const read = await readAllLines(Buffer.from(text, 'latin1'), [7])
  assert.equal(read.error?.message, undefined)
  assert.deepEqual(read.lines, plain(WHOLE))
})

test('additions to a line are kept, a value that is no line is told', () => {
  const read = decodeLine(encodeLine({ ...HEADER, ...JSON.parse('{"later":{"x":[1]}}') }).subarray(0, -1))
  assert.deepEqual(read, { kind: 'line', line: { ...HEADER, later: { x: [1] } } })
  for (const value of [null, 1, 'x', [], {}, { kind: 1 }]) assert.equal(lineOf(value).kind, 'wrong')
  assert.equal(lineOf({ kind: 'toString' }).kind, 'unknown')
  assert.equal(AT.length, 24)
})

test('memory: an export is read without holding it', async () => {
  const parts = Array.from({ length: 400 }, (_, index) => Buffer.alloc(256 << 10, index))
  const bytes = bytesOf(exportOf([{ ...RUN, parts }]))
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  const reader = readExport(inPieces(bytes, [1 << 16]), 'x')
  for await (const _ of reader.lines) most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  assert.equal(reader.counts().logBytes, 400 * (256 << 10))
  assert(most < 64 << 20, `${most} bytes were held`)
})
