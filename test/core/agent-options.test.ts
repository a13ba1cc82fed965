import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type RawOptions,
  WORKLOAD_OPTIONS,
  parseSeed,
  parseWorkloadOptions,
  planSpecOf,
  workloadArguments,
} from '../../src/core/agent-options.ts'
import { ProbeError } from '../../src/core/errors.ts'

const TARGET = { sizeSectors: 1_000_003, logicalBlockBytes: 4096 }

test('nothing given: the defaults of the manual', () => {
  const options = parseWorkloadOptions({})
  assert.deepEqual(options, {
    workload: 'random',
    writeBytes: { least: 4096, most: 4096 },
    clusterBytes: 65_536,
    queueDepth: 1,
    cadence: { kind: 'writes', every: 16 },
    flushMode: 'barrier',
    fuaPercent: 0,
    io: 'direct',
    ioEngine: 'auto',
    commit: 'stream',
    baseline: 'scan',
    overlapInFlight: false,
  })
  const { region, alignSectors } = planSpecOf(options, '0000000000000001', TARGET)
  assert.deepEqual({ region, alignSectors }, { region: { lba: 0, sectors: 524_288 }, alignSectors: 8 })
})

test('the default region of a small target is all of it, in whole logical blocks', () => {
  const spec = planSpecOf(parseWorkloadOptions({}), '0000000000000001', { sizeSectors: 1003, logicalBlockBytes: 4096 })
  assert.deepEqual(spec.region, { lba: 0, sectors: 1000 })
})

test('everything given', () => {
  const options = parseWorkloadOptions({
    workload: 'wal',
    seed: '255',
    writeSize: '512-64k',
    region: '1M..2M',
    clusterSize: '128k',
    queueDepth: '64',
    flushInterval: '5',
    flushMode: 'concurrent',
    fua: '12.5',
    io: 'dsync',
    ioEngine: 'auto',
    commit: 'wait',
    baseline: 'format',
    writes: '100',
    duration: '2m',
    overlapInFlight: true,
  })
  assert.deepEqual(options, {
    workload: 'wal',
    seed: '00000000000000ff',
    writeBytes: { least: 512, most: 65_536 },
    regionBytes: { from: 2 ** 20, to: 2 ** 21 },
    clusterBytes: 131_072,
    queueDepth: 64,
    cadence: { kind: 'interval', ms: 5 },
    flushMode: 'concurrent',
    fuaPercent: 12.5,
    io: 'dsync',
    ioEngine: 'auto',
    commit: 'wait',
    baseline: 'format',
    writesMax: 100,
    durationMs: 120_000,
    overlapInFlight: true,
  })
})

test('a script alone is the workload script, and says itself where flushes fall', () => {
  const options = parseWorkloadOptions({ script: 'w 0+8; flush' })
  assert.equal(options.workload, 'script')
  assert.deepEqual(options.cadence, { kind: 'workload' })
})

test('options handed on say the same again', () => {
  const raw = {
    workload: 'hotspot',
    queueDepth: '4',
    flushNever: true,
    overlapInFlight: true,
    seed: '00000000000000ff',
  }
  const handed = workloadArguments(raw)
  assert.deepEqual(handed, [
    '--workload',
    'hotspot',
    '--seed',
    '00000000000000ff',
    '--queue-depth',
    '4',
    '--flush-never',
    '--overlap-in-flight',
  ])
})

const refusals: readonly (readonly [RawOptions, RegExp])[] = [
  [{ workload: 'zigzag' }, /--workload got "zigzag"; it takes sequential, random/],
  [{ writeSize: 'big' }, /--write-size got "big"/],
  [{ writeSize: '8k-4k' }, /--write-size got "8k-4k"/],
  [{ region: '4k' }, /--region got "4k"/],
  [{ queueDepth: '0' }, /--queue-depth got "0"; it takes a whole number from 1 to 64/],
  [{ queueDepth: '65' }, /--queue-depth got "65"/],
  [{ queueDepth: '1.5' }, /--queue-depth got "1.5"/],
  [{ flushEvery: '0' }, /--flush-every got "0"/],
  [{ flushInterval: '0' }, /--flush-interval got "0"/],
  [{ flushEvery: '1', flushNever: true }, /--flush-every and --flush-never exclude each other/],
  [{ flushMode: 'lazy' }, /--flush-mode got "lazy"; it takes barrier or concurrent/],
  [{ fua: '101' }, /--fua got "101"/],
  [{ io: 'async' }, /--io got "async"; it takes direct or buffered or dsync/],
  [{ commit: 'never' }, /--commit got "never"/],
  [{ baseline: 'none' }, /--baseline got "none"/],
  [{ writes: '-1' }, /--writes got "-1"/],
  [{ duration: 'soon' }, /--duration got "soon"/],
  [{ seed: '-1' }, /--seed got "-1"/],
  [{ seed: '18446744073709551616' }, /--seed got/],
  [{ workload: 'script' }, /--workload script needs --script/],
  [{ workload: 'random', script: 'w 0+8' }, /--script goes with --workload script only/],
  [{ script: 'w 0+8', flushEvery: '1' }, /--flush-every does not go with --workload script/],
  [{ script: 'w 0+8; sync' }, /--script has "sync"/],
  [{ script: 'w 99999999999999999999+1' }, /--script has "w 99999999999999999999\+1"/],
]
for (const [raw, message] of refusals) {
  test(`refused: ${JSON.stringify(raw)}`, () => {
    assert.throws(
      () => parseWorkloadOptions(raw),
      (error) => error instanceof ProbeError && error.exitStatus === 64 && message.test(error.message),
    )
  })
}

test('a region beyond the target is refused', () => {
  const options = parseWorkloadOptions({ region: '0..1G' })
  assert.throws(
    () => planSpecOf(options, '0000000000000001', TARGET),
    (error) => error instanceof ProbeError && error.code === 'TARGET_TOO_SMALL',
  )
})

test('seeds in every notation', () => {
  assert.equal(parseSeed('0'), '0000000000000000')
  assert.equal(parseSeed('0xFF'), '00000000000000ff')
  assert.equal(parseSeed('DEADBEEFDEADBEEF'), 'deadbeefdeadbeef')
  assert.equal(parseSeed('18446744073709551615'), 'ffffffffffffffff')
})

test('every choice that the help lists is taken', () => {
  for (const { flags, choices = [] } of WORKLOAD_OPTIONS) {
    const key =
      flags
        .split(' ')[0]
        ?.slice(2)
        .replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()) ?? ''
    for (const choice of choices) {
      const script = choice === 'script' ? { script: 'w 0+8' } : {}
      assert.doesNotThrow(() => parseWorkloadOptions({ [key]: choice, ...script }), `${flags} ${choice}`)
    }
  }
})
