import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ProbeError } from '../../src/core/errors.ts'
import { Plan, type PlanSpec, WRITE_SECTORS_MAX } from '../../src/core/plan.ts'
import { WORKLOADS } from '../../src/core/workload/registry.ts'

const SPEC: PlanSpec = {
  workload: 'random',
  seed: '00000000000000ff',
  region: { lba: 0, sectors: 4096 },
  writeSectors: { least: 8, most: 8 },
  alignSectors: 1,
  clusterSectors: 128,
  fuaPercent: 0,
  cadence: { kind: 'writes', every: 16 },
}

const endless = WORKLOADS.filter((workload) => workload.name !== 'script').map((workload) => workload.name)

/** Specs of every endless workload, on regions from one write to many, with blocks of 512 and 4096 bytes. */
const specs: fc.Arbitrary<PlanSpec> = fc
  .record({
    workload: fc.constantFrom(...endless),
    seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0')),
    align: fc.constantFrom(1, 8),
    from: fc.nat(50),
    room: fc.nat(600),
    least: fc.integer({ min: 1, max: 16 }),
    span: fc.nat(16),
    cluster: fc.integer({ min: 1, max: 64 }),
    fuaPercent: fc.constantFrom(0, 0.5, 30, 100),
  })
  .map(({ align, from, room, least, span, cluster, ...rest }) => ({
    ...rest,
    region: { lba: from * align, sectors: (least + span + room) * align },
    writeSectors: { least: least * align, most: (least + span) * align },
    alignSectors: align,
    clusterSectors: cluster * align,
    cadence: { kind: 'writes', every: 16 },
  }))

test('every write of every workload stays in its region, in its span, and aligned', () => {
  fc.assert(
    fc.property(
      specs,
      fc.array(fc.integer({ min: 1, max: 4_000_000_000 }), { minLength: 1, maxLength: 20 }),
      (spec, numbers) => {
        const plan = Plan.of(spec)
        const end = spec.region.lba + spec.region.sectors
        for (const n of [1, 2, 3, ...numbers]) {
          const { lba, sectors } = plan.write(n)
          assert(lba >= spec.region.lba && lba + sectors <= end, `write ${n} at ${lba}+${sectors} leaves the region`)
          assert(
            sectors >= spec.writeSectors.least && sectors <= spec.writeSectors.most,
            `write ${n} has ${sectors} sectors`,
          )
          assert.equal(lba % spec.alignSectors, 0, `write ${n} begins at ${lba}`)
          assert.equal(sectors % spec.alignSectors, 0, `write ${n} has ${sectors} sectors`)
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('the plan is a function: the same in any order, from another instance, and after JSON', () => {
  fc.assert(
    fc.property(
      specs,
      fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 30 }),
      (spec, numbers) => {
        const copy: PlanSpec = JSON.parse(JSON.stringify(spec))
        const [one, other] = [Plan.of(spec), Plan.of(copy)]
        const forth = new Map(
          numbers.map((n) => [n, JSON.stringify([one.write(n), one.stepsAfter(n), one.epochOf(n)])]),
        )
        for (const n of numbers.toReversed()) {
          assert.equal(JSON.stringify([other.write(n), other.stepsAfter(n), other.epochOf(n)]), forth.get(n))
        }
      },
    ),
  )
})

test('the epoch of a write is the number of flushes that the plan puts before it', () => {
  const script = 'flush; w 0+8; flush; flush; w 8+8; w 0+8; flush; sleep 1ms; w 8+8'
  for (const spec of [
    SPEC,
    { ...SPEC, cadence: { kind: 'writes', every: 1 } },
    { ...SPEC, cadence: { kind: 'never' } },
    { ...SPEC, workload: 'wal', cadence: { kind: 'workload' } },
    { ...SPEC, workload: 'script', script, cadence: { kind: 'workload' } },
  ] satisfies PlanSpec[]) {
    const plan = Plan.of(spec)
    let flushes = 0
    for (let n = 1; n <= Math.min(plan.length, 100); n++) {
      flushes += plan.stepsAfter(n - 1).filter((step) => step.kind === 'flush').length
      assert.equal(plan.epochOf(n), flushes, `${spec.workload} write ${n}`)
    }
  }
})

test('FUA comes at the share that was asked for', () => {
  const plan = Plan.of({ ...SPEC, fuaPercent: 25 })
  let fua = 0
  for (let n = 1; n <= 10_000; n++) fua += plan.write(n).fua ? 1 : 0
  assert(fua > 2300 && fua < 2700, `${fua} of 10000`)
})

test('the workloads are what they are called', () => {
  const straddle = Plan.of({ ...SPEC, workload: 'straddle' })
  const touched = new Set<number>()
  const firstTouch = Plan.of({ ...SPEC, workload: 'first-touch' })
  const overlap = Plan.of({ ...SPEC, workload: 'overlap' })
  for (let n = 1; n <= 32; n++) {
    const { lba, sectors } = straddle.write(n)
    assert.notEqual(Math.floor(lba / 128), Math.floor((lba + sectors - 1) / 128), 'across a cluster boundary')
    touched.add(Math.floor(firstTouch.write(n).lba / 128))
    assert.equal(overlap.write(n).lba - overlap.write(n + 1).lba, 4, 'half over the last one, downwards')
  }
  assert.equal(touched.size, 32, 'every write allocates')
  const wal = Plan.of({ ...SPEC, workload: 'wal', cadence: { kind: 'workload' } })
  assert.equal(wal.vouchesFor(2), 1)
  assert.equal(wal.vouchesFor(3), undefined)
})

const refusals: readonly (readonly [string, Partial<PlanSpec>, string])[] = [
  ['an unknown workload', { workload: 'zigzag' }, 'BAD_OPTION'],
  ['a region that is not aligned', { alignSectors: 8, region: { lba: 4, sectors: 4096 } }, 'REGION_UNALIGNED'],
  [
    'a write size below the logical block',
    { alignSectors: 8, writeSectors: { least: 1, most: 8 } },
    'REGION_UNALIGNED',
  ],
  ['half a sector', { writeSectors: { least: 0.5, most: 8 } }, 'REGION_UNALIGNED'],
  ['a region smaller than one write', { region: { lba: 0, sectors: 4 } }, 'TARGET_TOO_SMALL'],
  [
    'a write of more than 8 MiB',
    { region: { lba: 0, sectors: 99_999 }, writeSectors: { least: 8, most: WRITE_SECTORS_MAX + 8 } },
    'BAD_OPTION',
  ],
  [
    'a script that says more than 8 MiB',
    { workload: 'script', script: 'w 0+20000', region: { lba: 0, sectors: 99_999 } },
    'BAD_SCRIPT',
  ],
  ['a script outside the region', { workload: 'script', script: 'w 4090+8' }, 'BAD_SCRIPT'],
  ['a script without a write', { workload: 'script', script: 'flush' }, 'BAD_SCRIPT'],
  ['a script with another word', { workload: 'script', script: 'w 0+8; sync' }, 'BAD_SCRIPT'],
  ['a cluster of odd size', { alignSectors: 8, clusterSectors: 12 }, 'BAD_OPTION'],
  ['more than all of the writes FUA', { fuaPercent: 101 }, 'BAD_OPTION'],
]
for (const [what, spec, code] of refusals) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => Plan.of({ ...SPEC, ...spec }),
      (error) => error instanceof ProbeError && error.code === code,
    )
  })
}
