/** Study (e): libguestfs' two cache modes, through its appliance. */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'
import type { Study } from './study.ts'
import { cyclesText, medianText, pointsOf } from './words.ts'

const MODES = ['writeback', 'unsafe'] as const
const CUTS = [
  { cut: 'host-power', label: 'the host loses its power' },
  { cut: 'sigkill', label: 'the appliance is killed' },
] as const
const COMMON: RawOptions = {
  rig: 'libguestfs',
  image: 'raw',
  workload: 'random',
  flushEvery: '8',
  cutAfter: '1s-3s',
}

export const libguestfsStudy: Study = {
  name: 'libguestfs',
  title: 'libguestfs: cachemode writeback against unsafe',
  question:
    'libguestfs offers two cache modes for a disk: writeback, the default, and unsafe. What becomes of writes that were flushed through its FUSE mount, under each, when the host loses its power, and when the appliance alone is killed?',
  method:
    'Rig `libguestfs`: a raw image with ext4, opened by guestfish with that cachemode, mounted on the host by mount-local; random 4 KiB writes to a file there, an fsync after every 8 (libguestfs makes each a sync of the whole appliance), the cut 1 to 3 s after the first. For the host’s power the image lies on a disk with a volatile cache, which dies with everything above it. Afterwards libguestfs opens the image again, which replays the journal, and the file is compared.',
  panels: [
    {
      title: 'Cycles in which a flushed write was lost',
      axis: { label: 'cut', scale: 'category' },
      measure: 'violation',
      points: MODES.flatMap((cache) =>
        CUTS.map(({ cut, label }) => ({
          series: `cachemode:${cache}`,
          x: label,
          label,
          options: { ...COMMON, cache, cut },
          slow: cut === 'sigkill',
        })),
      ),
    },
  ],
  cycles: 5,
  quickCycles: 1,
  jobs: 2,
  programs: ['guestfish', 'qemu-system-x86_64', 'nbdkit'],
  answer(figures) {
    return MODES.map((mode) => modeText(mode, pointsOf(figures, 0, `cachemode:${mode}`))).join(' ')
  },
}

function modeText(mode: string, found: readonly PointFigures[]): string {
  if (found.length === 0) return `${mode}: not measured.`
  const cuts = found.map(
    (point) =>
      `when ${point.label}, flushed writes were lost in ${cyclesText([point], 'violation')}, and ${medianText(point, 'lostWrites')} writes of any kind in the median cycle`,
  )
  return `With cachemode:${mode}: ${cuts.join('; ')}.`
}
