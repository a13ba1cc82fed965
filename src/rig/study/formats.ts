/** Study (c): raw against qcow2 against a file on ext4 in the guest. */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'
import type { Study, StudyPoint } from './study.ts'
import { cyclesText, listed, medianText, pointsOf } from './words.ts'

const COMMON: RawOptions = {
  rig: 'qemu',
  cache: 'none',
  size: '64M',
  region: '0..32M',
  workload: 'straddle',
  writeSize: '8k',
  writes: '288',
  flushEvery: '64',
  bootLimit: '600s',
}
const TARGETS: readonly { readonly label: string; readonly options: RawOptions }[] = [
  { label: 'raw', options: { image: 'raw' } },
  { label: 'qcow2', options: { image: 'qcow2' } },
  { label: 'qcow2, extended_l2', options: { image: 'qcow2-extl2' } },
  { label: 'file on ext4, over qcow2', options: { image: 'qcow2', guestFilesystem: 'ext4' } },
]
const CUTS = { sigkill: 'QEMU is killed', 'host-power': 'the host loses its power' } as const

function pointsOfCut(cut: keyof typeof CUTS): readonly StudyPoint[] {
  return TARGETS.map(({ label, options }) => ({
    series: CUTS[cut],
    x: label,
    label,
    options: { ...COMMON, ...options, cut },
    slow: cut === 'host-power' || label === 'qcow2',
  }))
}

const points = [...pointsOfCut('sigkill'), ...pointsOfCut('host-power')]
const axis = { label: 'what the guest writes to', scale: 'category' } as const

export const formatsStudy: Study = {
  name: 'formats',
  title: 'Raw against qcow2 against a file on ext4 in the guest',
  question:
    'It is claimed that a raw image shows fewer lost and reordered writes than QCOW2, and that a journalling file system in the guest masks the loss. How much is lost, torn and reordered by the same workload on each?',
  method:
    'Rig `qemu`, cache=none: 288 writes of 8 KiB, each across the boundary of two clusters, a flush after every 64, and the cut when all are done: the last 32 are at risk. Two cuts: SIGKILL to QEMU, which the host’s page cache survives, and the loss of the whole host, whose disk has a volatile cache. Writes are O_DIRECT, also to the file, which is written whole and synced before the run: its clusters are allocated, those of the bare images are not.',
  panels: [{ title: 'Writes lost in a cycle', axis, measure: 'lostWrites', points }],
  cycles: 6,
  quickCycles: 1,
  jobs: 2,
  programs: ['qemu-system-x86_64', 'nbdkit'],
  answer(figures) {
    return Object.values(CUTS)
      .map((series) => cutText(series, pointsOf(figures, 0, series)))
      .join(' ')
  },
}

function cutText(series: string, found: readonly PointFigures[]): string {
  if (found.length === 0) return `When ${series}: not measured.`
  const lost = listed(found.map((point) => `${point.label}: ${medianText(point, 'lostWrites')}`))
  const torn = found.filter(({ shares }) => shares.torn.count > 0)
  const tears =
    torn.length === 0
      ? 'no tear was seen'
      : `tears were seen on ${listed(torn.map((point) => `${point.label} (${cyclesText([point], 'torn')})`))}`
  return `When ${series}, the writes lost in the median cycle are ${lost}; ${tears}; a violation was found in ${cyclesText(found, 'violation')}.`
}
