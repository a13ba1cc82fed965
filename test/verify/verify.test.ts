/** Whole verifications of hand-made runs on plain files, damaged by hand: each damage is named, at its address. */
import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ProbeError } from '../../src/core/errors.ts'
import { FINDING_KINDS } from '../../src/core/finding.ts'
import { type Verdict, exitStatusOf } from '../../src/core/verdict.ts'
import { fileLog } from '../../src/io/log-source.ts'
import type { Verification } from '../../src/verify/report/report.ts'
import { text } from '../../src/verify/report/text.ts'
import { type VerifyRequest, verify } from '../../src/verify/verify.ts'
import { type HandMade, RUN, handMade, testFolder } from './hand-made.ts'

const SECTOR = 512

async function verification(made: HandMade, options: Partial<VerifyRequest> = {}): Promise<Verification> {
  return verify({
    target: made.target,
    format: undefined,
    log: await fileLog(made.log),
    contract: undefined,
    findingsMax: 100,
    sameTarget: false,
    pictures: true,
    signal: new AbortController().signal,
    quiet: true,
    ...options,
  })
}

const verdictOf = async (made: HandMade, options: Partial<VerifyRequest> = {}): Promise<Verdict> =>
  (await verification(made, options)).verdict

function readSectors(path: string, lba: number, sectors: number): Buffer {
  const bytes = Buffer.alloc(sectors * SECTOR)
  const descriptor = openSync(path, 'r')
  readSync(descriptor, bytes, 0, bytes.length, lba * SECTOR)
  closeSync(descriptor)
  return bytes
}

function patch(path: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

/** Kinds of violation that were found, with the number of each. */
const violationsOf = ({ violations }: Verdict): Record<string, number> =>
  Object.fromEntries(FINDING_KINDS.map((kind) => [kind, violations[kind]] as const).filter(([, count]) => count > 0))

const refusedWith = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof ProbeError && error.code === code && pattern.test(error.message)

describe('a plain file, every write flushed', () => {
  const options = { writes: 100, flushEvery: 1 } as const

  it('is acquitted where nobody touched it', async (t) => {
    const verdict = await verdictOf(handMade(testFolder(t), options))
    assert.equal(verdict.verdict, 'held')
    assert.deepEqual(verdict.findings, [])
    assert.equal(verdict.checked.stableWrites, 100)
    assert.equal(verdict.checked.stableSectors, 800)
    assert.equal(verdict.checked.sectors, 2048)
    assert.equal(exitStatusOf(verdict.verdict), 0)
  })

  it('names a write that was put back from an earlier copy', async (t) => {
    const folder = testFolder(t)
    const before = handMade(folder, { ...options, contents: 'baseline' })
    const earlier = join(folder, 'earlier.raw')
    copyFileSync(before.target, earlier)
    const made = handMade(folder, options)
    const { lba, sectors } = made.plan.write(10)
    patch(made.target, lba * SECTOR, readSectors(earlier, lba, sectors))
    const verdict = await verdictOf(made)
    assert.deepEqual(violationsOf(verdict), { lost: 1 })
    assert.equal(verdict.liedFlushes, 0, 'one write put back is no evidence against its flush')
    const [finding] = verdict.findings
    assert.deepEqual([finding?.kind, finding?.write, finding?.lba, finding?.sectors], ['lost', 10, lba, sectors])
    assert.deepEqual(finding?.stableBy?.by, 'flush')
  })

  it('names a write of which half was put back, with its boundary', async (t) => {
    const folder = testFolder(t)
    const earlier = join(folder, 'earlier.raw')
    copyFileSync(handMade(folder, { ...options, contents: 'baseline' }).target, earlier)
    const made = handMade(folder, options)
    const { lba } = made.plan.write(20)
    patch(made.target, lba * SECTOR, readSectors(earlier, lba, 4))
    const { verdict, pictures } = await verification(made)
    assert.deepEqual(violationsOf(verdict), { torn: 1 })
    const [finding] = verdict.findings
    assert.deepEqual(finding?.missingSectors, [0, 1, 2, 3])
    assert.deepEqual(finding?.boundaries, [2048])
    assert.ok(finding !== undefined && pictures.get(finding) !== undefined)
  })

  it('names sectors that were copied to another place', async (t) => {
    const made = handMade(testFolder(t), options)
    patch(made.target, 1600 * SECTOR, readSectors(made.target, 40, 8))
    const verdict = await verdictOf(made)
    assert.deepEqual(violationsOf(verdict), { misdirected: 8 })
    assert.deepEqual(
      verdict.findings.map(({ kind, lba, sectors, write }) => ({ kind, lba, sectors, write })),
      [{ kind: 'misdirected', lba: 1600, sectors: 8, write: 6 }],
    )
  })

  it('names a sector of which the half is of another write', async (t) => {
    const made = handMade(testFolder(t), { ...options, plan: { region: { lba: 0, sectors: 64 } }, writes: 16 })
    const folder = testFolder(t)
    const first = handMade(folder, { ...options, plan: { region: { lba: 0, sectors: 64 } }, writes: 8 })
    patch(made.target, 16 * SECTOR, readSectors(first.target, 16, 1).subarray(0, 256))
    const verdict = await verdictOf(made)
    assert.deepEqual(violationsOf(verdict), { torn: 1 })
    const [finding] = verdict.findings
    assert.deepEqual([finding?.lba, finding?.rule], [16, 'mixed-sector'])
    const partial = finding?.runs.find(({ state }) => state === 'partial')
    assert.deepEqual(partial?.found, { kind: 'mix', offset: 256, head: 3, tail: 11 })
  })

  it('names a sector with one byte changed, and how little it differs', async (t) => {
    const made = handMade(testFolder(t), options)
    const at = 77 * SECTOR + 300
    const [byte = 0] = readSectors(made.target, 77, 1).subarray(300)
    patch(made.target, at, Uint8Array.of(byte ^ 0b101))
    const verdict = await verdictOf(made)
    assert.deepEqual(violationsOf(verdict), { corrupt: 1 })
    const [finding] = verdict.findings
    assert.equal(finding?.lba, 77)
    assert.deepEqual(finding?.runs[0]?.found, { kind: 'garbage', bitDistance: 2, nearestWrite: 10 })
  })

  it('names a sector that changed where nothing was written', async (t) => {
    const made = handMade(testFolder(t), options)
    patch(made.target, 1234 * SECTOR, new Uint8Array(SECTOR).fill(7))
    const verdict = await verdictOf(made)
    assert.deepEqual(violationsOf(verdict), { collateral: 1 })
    assert.equal(verdict.findings[0]?.lba, 1234)
  })

  it('names the sectors that a truncated file lacks, and says that it shrank', async (t) => {
    const made = handMade(testFolder(t), options)
    truncateSync(made.target, 2000 * SECTOR + 100)
    const result = await verification(made)
    assert.deepEqual(violationsOf(result.verdict), { unreadable: 48 })
    const [finding] = result.verdict.findings
    assert.deepEqual([finding?.kind, finding?.lba, finding?.sectors], ['unreadable', 2000, 48])
    assert.deepEqual(finding?.runs[0]?.found, { kind: 'unreadable', errno: 'EOF' })
    assert.match(
      text.render(result, { colour: false }),
      /the target shrank: it ends after 2,000 sectors, and had 2,048/,
    )
  })

  it('gives the same verdict again', async (t) => {
    const made = handMade(testFolder(t), options)
    patch(made.target, 77 * SECTOR, new Uint8Array(SECTOR))
    assert.deepEqual(await verdictOf(made), await verdictOf(made))
  })
})

describe('writes that nothing had promised to keep', () => {
  it('are hazards with their age, and the evidence cannot acquit', async (t) => {
    const folder = testFolder(t)
    const made = handMade(folder, { writes: 4, flushEvery: 0, contents: 'baseline' })
    const verdict = await verdictOf(made)
    assert.equal(verdict.verdict, 'inconclusive')
    assert.equal(verdict.hazards.lost, 4)
    assert.equal(verdict.exposure.lostBytes, 4 * 4096)
    assert.equal(verdict.exposure.oldestLostMs, 7)
  })

  it('are violations under a contract of write-through', async (t) => {
    const made = handMade(testFolder(t), { writes: 4, flushEvery: 0, contents: 'baseline' })
    const result = await verification(made, { contract: { name: 'write-through' } })
    assert.equal(result.verdict.verdict, 'violation')
    assert.equal(result.verdict.violations.lost, 4)
    assert.match(result.remarks.join(), /judged by --contract write-through; what the guest was told makes it volatile/)
  })
})

describe('a log that is not what it should be', () => {
  const options = { writes: 100, flushEvery: 1 } as const

  it('is used up to its last whole frame, and said to be cut short', async (t) => {
    const made = handMade(testFolder(t), options)
    const bytes = readFileSync(made.log)
    writeFileSync(made.log, bytes.subarray(0, bytes.length - 5))
    const result = await verification(made)
    assert.equal(result.verdict.log.tail, 'truncated')
    assert.match(result.remarks.join(), /ends in the middle of a frame/)
  })

  it('is refused where it is no log, is of another version, or is not there', async (t) => {
    const made = handMade(testFolder(t), options)
    const bytes = readFileSync(made.log)
    writeFileSync(made.log, 'something else altogether')
    await assert.rejects(verification(made), refusedWith('LOG_UNREADABLE', /run\.log.*not a plugpull log/))
    const newer = Buffer.from(bytes)
    newer[2] = 9
    writeFileSync(made.log, newer)
    await assert.rejects(verification(made), refusedWith('LOG_VERSION', /run\.log.*version 9/))
    writeFileSync(made.log, '')
    await assert.rejects(verification(made), refusedWith('LOG_UNREADABLE', /no intact header/))
    await assert.rejects(fileLog(`${made.log}.gone`), refusedWith('LOG_MISSING', /does not exist/))
    await assert.rejects(fileLog(made.folder), refusedWith('LOG_UNREADABLE', /not a regular file/))
  })
})

describe('a target that is not the one of the log', () => {
  const options = { writes: 50, flushEvery: 1 } as const

  it('is refused where it is larger', async (t) => {
    const made = handMade(testFolder(t), options)
    truncateSync(made.target, 4096 * SECTOR)
    await assert.rejects(verification(made), refusedWith('TARGET_MISMATCH', /4,096 sectors.*--same-target/))
    assert.equal((await verdictOf(made, { sameTarget: true })).verdict, 'held')
  })

  it('is refused where it holds another run on another device, and not a sector of this one', async (t) => {
    const made = handMade(testFolder(t), options)
    const other = handMade(testFolder(t), { ...options, run: 'ffffffffffffffff', device: '0123456789abcdef' })
    const mixed = { ...made, target: other.target }
    await assert.rejects(
      verification(mixed),
      refusedWith('TARGET_MISMATCH', new RegExp(`not one sector of run ${RUN}`)),
    )
    assert.equal((await verdictOf(mixed, { sameTarget: true })).verdict, 'violation')
  })

  it('is convicted where it is blank, though most of what nothing touched has changed: a device can lose all', async (t) => {
    const made = handMade(testFolder(t), { ...options, contents: 'nothing' })
    assert.equal((await verdictOf(made)).verdict, 'violation')
  })

  it('is refused where most of what nothing touched holds other data', async (t) => {
    const made = handMade(testFolder(t), options)
    writeFileSync(made.target, Buffer.alloc(statSync(made.target).size, 0x5a))
    await assert.rejects(verification(made), refusedWith('TARGET_MISMATCH', /that the run never touched/))
  })

  it('is judged where only the writes are gone: that is a loss, not another target', async (t) => {
    const made = handMade(testFolder(t), { ...options, contents: 'baseline' })
    assert.deepEqual(violationsOf(await verdictOf(made)), { lost: 50 })
  })

  it('is refused where it is not there, or is a folder', async (t) => {
    const made = handMade(testFolder(t), options)
    await assert.rejects(
      verification({ ...made, target: `${made.target}.gone` }),
      refusedWith('TARGET_MISSING', /gone/),
    )
    await assert.rejects(verification({ ...made, target: made.folder }), refusedWith('TARGET_KIND', /directory/))
  })
})

describe('interrupting', () => {
  it('ends a verification with the reason of the signal', async (t) => {
    const made = handMade(testFolder(t), { writes: 10, flushEvery: 1 })
    const controller = new AbortController()
    const reason = new ProbeError('INTERRUPTED', 'stopped by SIGINT')
    controller.abort(reason)
    await assert.rejects(verification(made, { signal: controller.signal }), reason)
  })
})
