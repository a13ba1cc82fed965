/** The rig over the simulated disk: the suite of every rig, and its lies and cache modes seen through verdicts. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parseContract } from '../../../src/core/contract.ts'
import { HistoryBuilder } from '../../../src/core/history.ts'
import { Judge } from '../../../src/core/judge.ts'
import { SectorBuffer } from '../../../src/core/stamp.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { LogDecoder } from '../../../src/core/wire.ts'
import { createScratch } from '../../../src/io/scratch.ts'
import type { CacheMode, OwnRun } from '../../../src/rig/rig.ts'
import { simRig } from '../../../src/rig/sim/rig.ts'
import { rigConformance } from '../../contract/rig.ts'

const SIZE_BYTES = 8 * 2 ** 20
const SEED = '00000000000051b1'

rigConformance(simRig)

interface Left {
  readonly own: OwnRun
  readonly log: Uint8Array
  readonly image: Uint8Array
  readonly verdict: Verdict
}

interface Asked {
  readonly cache?: CacheMode
  readonly fault?: string
  readonly options?: Readonly<Record<string, string>>
  readonly seed?: string
}

async function cycle({ cache = 'none', fault, options = {}, seed = SEED }: Asked): Promise<Left> {
  const scratch = createScratch('test-sim')
  const directory = scratch.file('cycle')
  mkdirSync(directory)
  try {
    const setup = { directory, image: 'raw', cache, cut: 'host-power', sizeBytes: SIZE_BYTES, seed } as const
    const machine = await simRig.prepare(fault === undefined ? setup : { ...setup, fault })
    assert.ok(machine.kind === 'self')
    await assert.rejects(machine.cut('host-power', []), /run it first/)
    const own = await machine.run({
      run: '00000000000000aa',
      campaign: 'test',
      options: { seed, ...options },
      labels: {},
      cutAfterMs: 100,
    })
    assert.throws(() => statSync(machine.survivor), { code: 'ENOENT' })
    await machine.cut('host-power', [])
    await machine.dispose()
    const image = new Uint8Array(readFileSync(machine.survivor))
    const pieces: Uint8Array[] = []
    for await (const piece of own.log) pieces.push(piece)
    const log = new Uint8Array(Buffer.concat(pieces))
    return { own, log, image, verdict: verdictOf(log, image, machine.contract) }
  } finally {
    scratch.remove()
  }
}

function verdictOf(log: Uint8Array, image: Uint8Array, contract: string): Verdict {
  const builder = new HistoryBuilder(log.length)
  const decoder = new LogDecoder(builder)
  decoder.push(log)
  const judge = new Judge(builder.finish(decoder.end()), parseContract(contract), { findingsMax: 100 })
  for (const { lba, sectors } of judge.ranges()) {
    const buffer = SectorBuffer.ofSectors(sectors)
    const there = Math.max(0, Math.min(sectors, image.length / 512 - lba))
    buffer.bytes.set(image.subarray(lba * 512, (lba + there) * 512))
    judge.range(
      lba,
      sectors,
      buffer,
      new Map(Array.from({ length: sectors - there }, (_, i) => [lba + there + i, 'EOF'])),
    )
  }
  return judge.finish()
}

describe('rig sim', () => {
  for (const cache of ['none', 'writeback', 'writethrough', 'directsync'] as const) {
    it(`cache=${cache} holds`, async () => {
      const { verdict } = await cycle({ cache, options: { queueDepth: '4', flushEvery: '8' } })
      assert.equal(verdict.verdict, 'held')
      assert.ok(verdict.checked.stableSectors > 0)
    })
  }

  it('cache=unsafe loses what was flushed, and is convicted', async () => {
    const { verdict } = await cycle({ cache: 'unsafe', options: { flushEvery: '8' } })
    assert.equal(verdict.verdict, 'violation')
    assert.ok(verdict.violations.lost > 0)
  })

  for (const fault of simRig.faults) {
    it(`--fault ${fault} is convicted within a few cycles`, async () => {
      const options = { queueDepth: '4', flushEvery: '32', fua: '20' }
      for (let n = 1; n <= 8; n++) {
        const { verdict } = await cycle({ fault, options, seed: n.toString(16).padStart(16, '0') })
        if (verdict.verdict === 'violation') return
      }
      assert.fail(`${fault} was never seen`)
    })
  }

  it('--fault with a place strikes there', async () => {
    const options = { script: 'w 8+8; flush; w 16+8; w 32+8; flush; w 24+8; flush', workload: 'script' }
    const { verdict } = await cycle({ fault: 'lose-epoch@f2', options })
    assert.equal(verdict.liedFlushes, 1)
    assert.deepEqual(
      new Set(
        verdict.findings
          .filter(({ severity }) => severity === 'violation')
          .map(({ kind, write }) => `${kind} w${write}`),
      ),
      new Set(['lost w2', 'lost w3']),
    )
    const flipped = await cycle({ fault: 'flip-bit@20+1', options })
    assert.deepEqual(
      flipped.verdict.findings.map(({ kind, lba }) => `${kind} @${lba}`),
      ['corrupt @20'],
    )
  })

  it('runs a script to its end, and cuts after it', async () => {
    const { verdict } = await cycle({ options: { script: 'w 8+16; flush; w 0+16', workload: 'script' } })
    assert.equal(verdict.checked.issuedWrites, 2)
    assert.equal(verdict.verdict, 'held')
  })

  it('gives the same run for the same setup and request', async () => {
    const [first, second] = [await cycle({}), await cycle({})]
    assert.equal(Buffer.compare(first.image, second.image), 0)
    assert.deepEqual({ ...first.verdict, run: '' }, { ...second.verdict, run: '' })
  })

  it('refuses sizes that it cannot hold in memory, and faults it does not know', async () => {
    const setup = { directory: '/', image: 'raw', cache: 'none', cut: 'host-power', seed: SEED } as const
    await assert.rejects(simRig.prepare({ ...setup, sizeBytes: 2 ** 40 }), { code: 'BAD_OPTION', message: /1 GiB/ })
    await assert.rejects(simRig.prepare({ ...setup, sizeBytes: 2 ** 20, fault: 'rust' }), {
      code: 'BAD_OPTION',
      message: /drop-flush/,
    })
    await assert.rejects(simRig.prepare({ ...setup, sizeBytes: 2 ** 20, fault: 'flip-bit@2047+2' }), {
      code: 'BAD_OPTION',
      message: /the disk has 2048 sectors/,
    })
  })
})
