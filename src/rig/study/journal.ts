/** Study (d): what a journalling file system's own flushes mask. */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'
import type { Study, StudyPoint } from './study.ts'
import { cyclesText, listed, medianText, pointsOf } from './words.ts'

const SECONDS = 12
/** Each write to clusters of its own. */
const STRIDE_SECTORS = 512
const FSYNC_EVERY = 4

/** A write each second; the first is flushed, so that something is stable. */
function script(everySeconds: number | undefined): string {
  const steps: string[] = ['w 0+8', 'flush']
  for (let second = 1; second <= SECONDS; second++) {
    steps.push(`w ${second * STRIDE_SECTORS}+8`, 'sleep 1s')
    if (everySeconds !== undefined && second % everySeconds === 0) steps.push('flush')
  }
  // The last second is left unflushed in either case.
  if (steps.at(-1) === 'flush') steps.pop()
  return steps.join('; ')
}

const TARGETS: readonly { readonly label: string; readonly options: RawOptions; readonly slow?: boolean }[] = [
  { label: 'the disk', options: {} },
  { label: 'ext4', options: { guestFilesystem: 'ext4' } },
  { label: 'ext4, no flushes', options: { guestFilesystem: 'ext4', guestWriteCache: 'through' } },
  { label: 'xfs', options: { guestFilesystem: 'xfs' }, slow: true },
  { label: 'xfs, no flushes', options: { guestFilesystem: 'xfs', guestWriteCache: 'through' }, slow: true },
]

const SERIES = [
  { series: 'no fsync, QEMU killed', cut: 'sigkill', every: undefined },
  { series: 'no fsync, host power', cut: 'host-power', every: undefined },
  { series: `fsync every ${FSYNC_EVERY} s, host power`, cut: 'host-power', every: FSYNC_EVERY },
] as const

const points: readonly StudyPoint[] = SERIES.flatMap(({ series, cut, every }, index) =>
  TARGETS.map(({ label, options, slow }) => ({
    series,
    x: label,
    label,
    options: {
      rig: 'qemu',
      image: 'qcow2',
      cache: 'none',
      cut,
      size: '64M',
      region: '0..4M',
      bootLimit: '600s',
      script: script(every),
      ...options,
    },
    slow: index > 0 || slow === true,
  })),
)

export const journalStudy: Study = {
  name: 'journal',
  title: 'What the flushes of a journalling file system mask',
  question:
    'A guest that never flushes loses, under QCOW2, whatever it wrote since the last flush. A journalling file system flushes the disk for its own reasons, and so bounds the loss by accident. By how much do ext4 and xfs do so, and what remains when the kernel sends no flushes at all (barriers off)?',
  method: `Rig \`qemu\`, cache=none, a qcow2 image. One 4 KiB write a second for ${SECONDS} s, O_DIRECT, each to clusters of its own, to the disk itself (new clusters) or to a file; after the first write one fsync, then none, or one every ${FSYNC_EVERY} s. Barriers off: the kernel is told that the disk’s cache is write through, for both file systems alike (ext4’s barrier=0 does the same to the file system alone; xfs has no such option any more), and then sends no flush, not even for fsync: what is then lost after an fsync is no fault of the disk. The file is written whole and synced before the run, so that neither its blocks nor the image’s clusters are new: that by itself masks what QCOW2 loses when QEMU alone is killed, and leaves the loss of the host’s volatile cache for the flushes to mask. It is read back in the guest, after its file system has replayed its journal.`,
  panels: [
    {
      title: 'Oldest lost write',
      axis: { label: 'what the guest writes to', scale: 'category' },
      measure: 'oldestLostMs',
      points,
    },
  ],
  cycles: 4,
  quickCycles: 1,
  jobs: 4,
  programs: ['qemu-system-x86_64', 'nbdkit'],
  answer(figures) {
    return SERIES.map(({ series }) => seriesText(series, pointsOf(figures, 0, series))).join(' ')
  },
}

function seriesText(series: string, found: readonly PointFigures[]): string {
  if (found.length === 0) return `${capital(series)}: not measured.`
  const ages = listed(
    found.map(
      (point) => `${point.label} ${point.shares.lost.count === 0 ? 'lost nothing' : medianText(point, 'oldestLostMs')}`,
    ),
  )
  const broken = found.filter(({ shares }) => shares.violation.count > 0)
  const violations =
    broken.length === 0
      ? ''
      : ` Writes that an fsync had covered were lost on ${listed(broken.map((point) => `${point.label} (${cyclesText([point], 'violation')})`))}.`
  return `${capital(series)}, the age of the oldest lost write in the median cycle: ${ages}.${violations}`
}

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
