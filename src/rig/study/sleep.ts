/** Study (a): the published tear in a VM, and how old the writes are that it loses. */
import type { RawOptions } from '../../core/agent-options.ts'
import type { PointFigures } from './figures.ts'
import type { Study, StudyPoint } from './study.ts'
import { cyclesText, listed, medianText, pointsOf, valueText } from './words.ts'

const SLEEPS = [0.1, 1, 5, 20, 60] as const
const QCOW2 = 'qcow2 overlay, extended_l2'
const RAW = 'raw'

const options = (image: string, seconds: number): RawOptions => ({
  rig: 'qemu',
  image,
  cache: 'none',
  cut: 'sigkill',
  size: '64M',
  region: '0..1M',
  bootLimit: '600s',
  script: `w 8+16; flush; w 0+16; sleep ${seconds}s`,
})

const pointsFor = (series: string, image: string): readonly StudyPoint[] =>
  SLEEPS.map((seconds) => ({
    series,
    x: seconds,
    label: `${seconds} s`,
    options: options(image, seconds),
    slow: seconds > 1,
  }))

export const sleepStudy: Study = {
  name: 'sleep',
  title: 'The age of what a killed VM loses, against the pause before the cut',
  question:
    'A guest writes two blocks at block 1, flushes, writes two blocks at block 0, and then does nothing for a while before its QEMU is killed. Under cache=none the second write has gone out with O_DIRECT; the published claim is that it is torn all the same, 60 seconds later, because the QCOW2 metadata is still in QEMU’s memory. Does the pause matter, and does a raw image lose anything?',
  method:
    'Rig `qemu`: a real kernel, virtio-blk, the raw block device in the guest, cache=none. The script `w 8+16; flush; w 0+16; sleep S`, then SIGKILL to QEMU. The age of a lost write is counted by the guest’s clock, from its completion to the agent’s last record.',
  panels: [
    {
      title: 'Oldest lost write against the pause',
      axis: { label: 'pause between the last write and the cut', scale: 'log' },
      measure: 'oldestLostMs',
      points: [...pointsFor(QCOW2, 'qcow2-overlay-extl2'), ...pointsFor(RAW, 'raw')],
    },
  ],
  cycles: 6,
  quickCycles: 1,
  jobs: 6,
  programs: ['qemu-system-x86_64'],
  answer(figures) {
    const qcow2 = pointsOf(figures, 0, QCOW2)
    const raw = pointsOf(figures, 0, RAW)
    return [
      `Over all pauses, the QCOW2 overlay tore the write in ${cyclesText(qcow2, 'torn')}.`,
      ageText(qcow2),
      `The raw image lost something in ${cyclesText(raw, 'lost')}.`,
    ].join(' ')
  },
}

function ageText(points: readonly PointFigures[]): string {
  const losing = points.filter(({ shares }) => shares.lost.count > 0)
  if (losing.length === 0) return 'It lost nothing at any pause, so there is no age to tell.'
  const ages = listed(losing.map((point) => `${medianText(point, 'oldestLostMs')} after ${point.label}`))
  return `The oldest lost write was ${ages}. ${excessText(losing)}`
}

/** Nothing wrote the metadata back during the pauses where every cycle lost its last write. */
function excessText(losing: readonly PointFigures[]): string {
  const cycles = losing.flatMap((point) => point.cycles.map((cycle) => ({ ...cycle, pauseMs: Number(point.x) * 1000 })))
  const excesses = cycles
    .filter(({ lostWrites }) => lostWrites > 0)
    .map(({ oldestLostMs, pauseMs }) => oldestLostMs - pauseMs)
  const [least, most] = [Math.min(...excesses), Math.max(...excesses)]
  if (least < 0) return `In some cycles it was younger than the pause, by up to ${valueText('oldestLostMs', -least)}.`
  const nothing = excesses.length < cycles.length ? '' : ': within these pauses nothing wrote the metadata back'
  return `In each of the ${excesses.length} cycles with a loss it was as old as the pause or older, by at most ${valueText('oldestLostMs', most)}${nothing}.`
}
