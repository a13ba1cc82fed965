/** However many threads read, the verification is the same, word for word; and they end when they are to. */
import assert from 'node:assert/strict'
import { closeSync, copyFileSync, openSync, readSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { RANGE_SECTORS } from '../../../src/core/observations.ts'
import { fileLog } from '../../../src/io/log-source.ts'
import { ReadingCrew } from '../../../src/verify/reading/crew.ts'
import { readingThreads } from '../../../src/verify/reading/read-region.ts'
import type { Verification } from '../../../src/verify/report/report.ts'
import { verify } from '../../../src/verify/verify.ts'
import { type HandMade, type HandMadeOptions, handMade, testFolder } from '../hand-made.ts'

const SECTOR = 512
/** Four ranges, the last of them short. */
const SIZE_SECTORS = 3 * RANGE_SECTORS + 1000
const OPTIONS: HandMadeOptions = {
  writes: 4000,
  flushEvery: 16,
  sizeSectors: SIZE_SECTORS,
  plan: { workload: 'random', region: { lba: 0, sectors: SIZE_SECTORS } },
}

async function verification(made: HandMade, threads: number): Promise<Verification> {
  return verify({
    target: made.target,
    format: undefined,
    log: await fileLog(made.log),
    contract: undefined,
    findingsMax: 1000,
    sameTarget: false,
    exhibits: true,
    pictures: true,
    threads,
    signal: new AbortController().signal,
    quiet: true,
  })
}

async function assertSame(made: HandMade): Promise<Verification> {
  const alone = await verification(made, 0)
  for (const threads of [1, 2, 3]) assert.deepEqual(await verification(made, threads), alone, `${threads} threads`)
  return alone
}

/** Overwrites bytes of the target. */
function patch(path: string, offset: number, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

function sectorsOf(path: string, lba: number, sectors: number): Buffer {
  const bytes = Buffer.alloc(sectors * SECTOR)
  const descriptor = openSync(path, 'r')
  readSync(descriptor, bytes, 0, bytes.length, lba * SECTOR)
  closeSync(descriptor)
  return bytes
}

describe('reading with threads', () => {
  it('acquits what one thread acquits', async (t) => {
    const { verdict } = await assertSame(handMade(testFolder(t), OPTIONS))
    assert.equal(verdict.verdict, 'held')
    assert.equal(verdict.checked.sectors, SIZE_SECTORS)
  })

  it('finds what one thread finds, damage across ranges included', async (t) => {
    const folder = testFolder(t)
    const earlier = join(folder, 'earlier.raw')
    copyFileSync(handMade(folder, { ...OPTIONS, contents: 'baseline' }).target, earlier)
    const made = handMade(folder, OPTIONS)
    const back = (lba: number, sectors: number): void =>
      patch(made.target, lba * SECTOR, sectorsOf(earlier, lba, sectors))
    for (const boundary of [1, 2, 3]) back(boundary * RANGE_SECTORS - 300, 600)
    const { lba } = made.plan.write(3999)
    back(lba, 3)
    patch(made.target, 5000 * SECTOR, sectorsOf(made.target, lba + 4, 4))
    patch(made.target, 40_000 * SECTOR + 100, Buffer.alloc(700, 0x5a))
    patch(made.target, 90_000 * SECTOR, Buffer.alloc(64 * SECTOR))
    const { verdict } = await assertSame(made)
    for (const kind of ['lost', 'torn', 'misdirected', 'collateral'] as const)
      assert.ok(verdict.violations[kind] > 0, kind)
  })

  it('knows a scanned baseline, and a target that ends too early', async (t) => {
    const made = handMade(testFolder(t), { ...OPTIONS, baseline: 'scan' })
    assert.equal((await assertSame(made)).verdict.verdict, 'held')
    truncateSync(made.target, (2 * RANGE_SECTORS + 17) * SECTOR)
    const { verdict } = await assertSame(made)
    assert.equal(verdict.violations.unreadable, SIZE_SECTORS - (2 * RANGE_SECTORS + 17))
  })

  it('is only for what is worth starting threads for, and for more than one processor', () => {
    assert.equal(readingThreads(2 ** 19, 8), 0, '256 MiB')
    assert.equal(readingThreads(2 ** 31, 1), 0)
    assert.ok(readingThreads(2 ** 31, 2) >= 2)
    assert.ok(readingThreads(2 ** 31, 256) <= 4, 'memory is bounded')
    assert.equal(readingThreads(2 ** 31, 4, 256 * 2 ** 20), 0, 'a small guest')
  })

  it('throws what a thread says, and ends with the signal', async (t) => {
    const { manifest, target } = handMade(testFolder(t), OPTIONS)
    const interrupt = new AbortController()
    const crewOf = (path: string): ReadingCrew =>
      new ReadingCrew({ manifest, path, unitSectors: 1, threads: 2, signal: interrupt.signal })
    const ranges = [{ lba: 0, sectors: RANGE_SECTORS }]
    const readAll = async (crew: ReadingCrew): Promise<void> => {
      try {
        for await (const { errors } of crew.read(ranges)) assert.equal(errors.size, 0)
      } finally {
        await crew.close()
      }
    }
    await readAll(crewOf(target))
    await assert.rejects(
      readAll(crewOf(`${target}.gone`)),
      (error) => error instanceof ProbeError && error.code === 'TARGET_MISSING',
    )
    const interrupted = readAll(crewOf(target))
    interrupt.abort(new Error('stop'))
    await assert.rejects(interrupted, /stop/)
    await assert.rejects(readAll(crewOf(target)), /stop/, 'a signal that came before the threads')
  })
})
