/** qcow2 images and block devices as targets. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, openSync, closeSync, readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { ProbeError } from '../../src/core/errors.ts'
import { findProgram } from '../../src/io/process.ts'
import { missingRequirements } from '../../src/io/requirements.ts'
import { fileLog } from '../../src/io/log-source.ts'
import { json } from '../../src/verify/report/json.ts'
import type { Verification } from '../../src/verify/report/report.ts'
import { text } from '../../src/verify/report/text.ts'
import { verify } from '../../src/verify/verify.ts'
import { type HandMade, handMade, testFolder } from './hand-made.ts'

const OPTIONS = { writes: 100, flushEvery: 1 } as const

async function verification(made: HandMade, target: string, format?: 'raw' | 'qcow2'): Promise<Verification> {
  return verify({
    target,
    format,
    log: await fileLog(made.log),
    contract: undefined,
    findingsMax: 100,
    sameTarget: false,
    pictures: true,
    signal: new AbortController().signal,
    quiet: true,
  })
}

function tool(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(findProgram(command) ?? command, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

function lacksQemu(t: TestContext): boolean {
  const lacking = missingRequirements(['qemu-storage-daemon', 'qemu-img', 'fuse'])
  if (lacking.length > 0) t.skip(`NOT TESTED: ${lacking.map(({ problem }) => problem).join('; ')}`)
  return lacking.length > 0
}

/** A hand-made run inside a qcow2 image. */
function imageOf(made: HandMade): string {
  const image = join(made.folder, 'disk.qcow2')
  tool('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', made.target, image)
  return image
}

const patch = (path: string, offset: number, bytes: Uint8Array): void => {
  const descriptor = openSync(path, 'r+')
  writeSync(descriptor, bytes, 0, bytes.length, offset)
  closeSync(descriptor)
}

const leftovers = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('plugpull-verify-'))

describe('a qcow2 image', () => {
  it('is known by its first bytes and read through QEMU, which leaves it as it is', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const image = imageOf(made)
    const before = readFileSync(image)
    const result = await verification(made, image)
    assert.equal(result.target.format, 'qcow2')
    assert.equal(result.verdict.verdict, 'held')
    assert.equal(result.verdict.checked.stableWrites, 100)
    assert.deepEqual(readFileSync(image), before)
    assert.deepEqual(leftovers(), [])
  })

  it('shows a write that is not in it', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const { lba } = made.plan.write(30)
    patch(made.target, lba * 512, new Uint8Array(8 * 512))
    const { verdict } = await verification(made, imageOf(made))
    assert.equal(verdict.verdict, 'violation')
    assert.deepEqual([verdict.violations.lost, verdict.findings.at(-1)?.lba], [1, lba])
  })

  it('that does not open is a violation, not an error', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const image = imageOf(made)
    patch(image, 4, Uint8Array.of(0, 0, 0, 99))
    const result = await verification(made, image)
    assert.equal(result.verdict.verdict, 'violation')
    assert.equal(result.verdict.violations.unreadable, 2048)
    assert.deepEqual(result.verdict.consistentWith, [])
    assert.deepEqual(result.verdict.inconclusiveBecause, [])
    assert.match(result.verdict.findings[0]?.explanation ?? '', /does not open.*version/i)
    assert.match(text.render(result, { colour: false }), /^VIOLATION: .*2,048 sectors cannot be read/)
    assert.equal(JSON.parse(json.render(result, { colour: false })).verdict, 'violation')
    assert.deepEqual(leftovers(), [])
  })

  it('with damaged tables is unreadable there and nowhere else', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), { ...OPTIONS, sizeSectors: 4096 })
    const image = imageOf(made)
    const bytes = readFileSync(image)
    const l1 = Number(bytes.readBigUInt64BE(40))
    const l2 = Number(bytes.readBigUInt64BE(l1) & 0x00ff_ffff_ffff_fe00n)
    const entry = Buffer.alloc(8)
    // Cluster 5 of 64 KiB at an offset that is no multiple of a cluster: QEMU calls that corrupt and fails the read.
    entry.writeBigUInt64BE(0x8000_0000_0000_0200n)
    patch(image, l2 + 5 * 8, entry)
    const { verdict } = await verification(made, image)
    assert.equal(verdict.verdict, 'violation')
    assert.equal(verdict.violations.unreadable, 128)
    const finding = verdict.findings.find(({ kind }) => kind === 'unreadable')
    assert.deepEqual([finding?.lba, finding?.sectors], [640, 128])
    assert.deepEqual(finding?.runs[0]?.found, { kind: 'unreadable', errno: 'EIO' })
  })

  it('whose backing file was moved away is an error that says which', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const overlay = join(made.folder, 'overlay.qcow2')
    const backing = join(made.folder, 'base.raw')
    copyFileSync(made.target, backing)
    tool('qemu-img', 'create', '-f', 'qcow2', '-b', backing, '-F', 'raw', overlay)
    assert.equal((await verification(made, overlay)).verdict.verdict, 'held')
    tool('mv', backing, `${backing}.away`)
    await assert.rejects(
      verification(made, overlay),
      (error) => error instanceof ProbeError && error.code === 'TARGET_MISSING' && /base\.raw/.test(error.message),
    )
  })

  it('is taken as raw bytes where --target-format says so', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const image = imageOf(made)
    await assert.rejects(
      verification(made, image, 'raw'),
      (error) => error instanceof ProbeError && error.code === 'TARGET_MISMATCH',
    )
  })

  it('is not opened where a raw file is said to be one: that is what the verdict says', async (t) => {
    if (lacksQemu(t)) return
    const made = handMade(testFolder(t), OPTIONS)
    const { verdict } = await verification(made, made.target, 'qcow2')
    assert.match(verdict.findings[0]?.explanation ?? '', /not in qcow2 format/)
  })
})

describe('a block device', () => {
  for (const blockBytes of [512, 4096]) {
    it(`with logical blocks of ${blockBytes} bytes is read like a file`, async (t) => {
      const made = handMade(testFolder(t), { ...OPTIONS, plan: { alignSectors: 8 } })
      const device = loopDevice(t, made.target, blockBytes)
      if (device === undefined) return
      assert.equal((await verification(made, device)).verdict.verdict, 'held')
      patch(made.target, 77 * 512, new Uint8Array(512).fill(1))
      tool('blockdev', '--flushbufs', device)
      const { verdict } = await verification(made, device)
      assert.deepEqual([verdict.violations.corrupt, verdict.findings[0]?.lba], [1, 77])
    })
  }

  it('that begins like a qcow2 image is raw all the same', async (t) => {
    const made = handMade(testFolder(t), { ...OPTIONS, plan: { region: { lba: 8, sectors: 2040 } } })
    patch(made.target, 0, Buffer.from('QFI\u00FB', 'latin1'))
    const device = loopDevice(t, made.target, 512)
    if (device === undefined) return
    const result = await verification(made, device)
    assert.deepEqual([result.target.format, result.verdict.verdict], ['raw', 'held'])
  })
})

function loopDevice(t: TestContext, file: string, blockBytes: number): string | undefined {
  if (missingRequirements(['root', 'losetup']).length > 0) {
    t.skip('NOT TESTED: a loop device needs root and losetup')
    return undefined
  }
  const device = tool('losetup', '--find', '--show', '--sector-size', String(blockBytes), file)
  t.after(() => tool('losetup', '--detach', device))
  return device
}

describe('a file that is empty', () => {
  it('is a raw target that lacks everything', async (t) => {
    const made = handMade(testFolder(t), OPTIONS)
    writeFileSync(made.target, '')
    const { verdict } = await verification(made, made.target)
    assert.deepEqual([verdict.verdict, verdict.violations.unreadable], ['violation', 2048])
  })
})
