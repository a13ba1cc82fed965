/** Study (b): does a larger table cache, a cleaner of it, or a longer chain of overlays put more completed data at risk? */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'
import type { Study } from './study.ts'
import { compare, medianOf, pointsOf, trend } from './words.ts'

const COMMON: RawOptions = { rig: 'storage-daemon', cut: 'sigkill', cache: 'none', size: '64M' }
/** Clusters of 4 KiB: a table is 4 KiB too and maps 2 MiB, so that a disk of 64 MiB has 32 of them. */
const SMALL_CLUSTERS: RawOptions = { ...COMMON, image: 'qcow2', clusterSize: '4k' }
const TABLES = 32
const TABLE_SECTORS = 4096
/** One flush, after 512 writes, by when each table is there; the 511 writes after it are at risk. */
const RANDOM: RawOptions = { workload: 'random', writes: '1023', flushEvery: '512' }

const CACHE_SIZES = [8, 16, 32, 64, 128, 256] as const
const INTERVALS = [1, 2, 600] as const
const PAUSE_SECONDS = 5
const CHAINS = [1, 2, 4, 8] as const

/** One write through each table, a flush, another write through each, and the pause in which the cleaner may work. */
const scriptWithPause = (): string => [...pass(0), 'flush', ...pass(8), `sleep ${PAUSE_SECONDS}s`].join('; ')

const pass = (offset: number): readonly string[] =>
  Array.from({ length: TABLES }, (_, table) => `w ${table * TABLE_SECTORS + offset}+8`)

export const qcow2CacheStudy: Study = {
  name: 'qcow2-cache',
  title: 'Completed data at risk, against the qcow2 table cache and the chain of overlays',
  question:
    'Under QCOW2 a completed write is lost with QEMU where its mapping was still in memory. QEMU keeps mapping tables in a cache of l2-cache-size bytes, drops tables unused for cache-clean-interval seconds, and reads through a chain of backing files. How much completed data is at risk, against each of the three?',
  method:
    'Rig `storage-daemon`: QEMU’s own block layer without a VM, cache=none, SIGKILL. For the cache and the chain: random 4 KiB writes with one flush, and the cut once all writes are done; the writes after the flush are what can be lost. The image of the first two panels has clusters of 4 KiB, so that its tables (4 KiB, 2 MiB of disk each) outgrow a small cache: 32 tables, 128 KiB. For the interval: one write through each table, a flush, another through each, and a pause of 5 s.',
  panels: [
    {
      title: 'Bytes lost against l2-cache-size',
      axis: { label: 'l2-cache-size', scale: 'log' },
      measure: 'lostBytes',
      points: CACHE_SIZES.map((kib) => ({
        series: 'qcow2, 4k clusters, 128 KiB of tables',
        x: kib,
        label: `${kib} KiB`,
        options: { ...SMALL_CLUSTERS, ...RANDOM, l2CacheSize: `${kib}k` },
        slow: kib !== 8 && kib !== 256,
      })),
    },
    {
      title: 'Bytes lost against cache-clean-interval',
      axis: { label: `cache-clean-interval, with a pause of ${PAUSE_SECONDS} s before the cut`, scale: 'category' },
      measure: 'lostBytes',
      points: INTERVALS.map((seconds) => ({
        series: 'qcow2, 4k clusters',
        x: String(seconds),
        label: `${seconds} s`,
        options: { ...SMALL_CLUSTERS, script: scriptWithPause(), cacheCleanInterval: String(seconds) },
        slow: seconds === 2,
      })),
    },
    {
      title: 'Bytes lost against the length of the chain',
      axis: { label: 'backing files below the overlay', scale: 'log' },
      measure: 'lostBytes',
      points: CHAINS.map((length) => ({
        series: 'qcow2 overlay, 64k clusters',
        x: length,
        label: String(length),
        options: { ...COMMON, image: 'qcow2-overlay', ...RANDOM, backingChain: String(length) },
        slow: length !== 1 && length !== 8,
      })),
    },
  ],
  cycles: 6,
  quickCycles: 2,
  jobs: 2,
  programs: ['qemu-storage-daemon'],
  answer(figures) {
    return [
      cacheText(pointsOf(figures, 0)),
      trend(pointsOf(figures, 1), 'lostBytes', 'Against cache-clean-interval, the loss in a cycle'),
      trend(pointsOf(figures, 2), 'lostBytes', 'Against the length of the chain, the loss in a cycle'),
    ].join(' ')
  },
}

/** With the largest step between neighbours, to be held against the size of the tables. */
function cacheText(points: readonly PointFigures[]): string {
  const text = trend(points, 'lostBytes', 'Against l2-cache-size, the completed data lost in a cycle')
  const [first] = points
  if (first === undefined || compare(first, points.at(-1), 'lostBytes') !== 'more') return text
  const perTable = medianOf(first, 'lostBytes') / (Number(first.x) * 1024)
  const steps = points.slice(1).map((point, index) => {
    const before = points[index]
    return { before, point, factor: medianOf(point, 'lostBytes') / medianOf(before, 'lostBytes') }
  })
  const [largest] = steps.toSorted((a, b) => b.factor - a.factor)
  const step =
    largest?.before === undefined || !Number.isFinite(largest.factor)
      ? ''
      : ` The largest step is from ${largest.before.label} to ${largest.point.label}, by a factor of ${largest.factor.toFixed(1)}; all tables of this disk together are ${TABLES * 4} KiB.`
  return `${text} With the smallest cache that is ${perTable.toFixed(1)} writes for each table that it holds.${step}`
}
