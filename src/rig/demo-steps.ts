/** What the demo shows, as data: each experiment as options of `plugpull loop`, and what is expected of it. */
import type { VerdictWord } from '../core/verdict.ts'

export interface DemoStep {
  readonly title: string
  /** Why it is worth looking at; a few lines. */
  readonly why: string
  readonly options: Readonly<Record<string, string | true>>
  readonly expected: VerdictWord
  /** Draw the first blocks before and after. */
  readonly picture: boolean
  /** Part of the closing table under this name. */
  readonly row: string
}

/** A at block 1, flushed; B at block 0, complete, not flushed: Blockbridge, "Demystifying QEMU cache=none". */
export const TEAR_SCRIPT = 'w 8+16; flush; w 0+16'

const BUSY: Readonly<Record<string, string>> = {
  workload: 'random',
  writeSize: '4k-64k',
  queueDepth: '4',
  flushEvery: '64',
  size: '64M',
  cutAfter: '300ms-700ms',
}

/** With root, FUSE and QEMU. */
export const realSteps = (cycles: string): readonly DemoStep[] => [
  ...tearSteps(),
  ...qemuDies(cycles),
  ...hostDies(cycles),
]

function tearSteps(): readonly DemoStep[] {
  return [
    {
      title: 'The published tear: a QCOW2 snapshot with subclusters, cache=none, QEMU killed',
      why: "A is written at block 1 and flushed; B is written over blocks 0 and 1, and completes; then the power goes. Block 1 of B goes to\nground that A has allocated; block 0 needs new metadata, and that is in QEMU's memory only.",
      options: {
        rig: 'storage-daemon',
        image: 'qcow2-overlay-extl2',
        cut: 'sigkill',
        script: TEAR_SCRIPT,
        size: '16M',
      },
      expected: 'held',
      picture: true,
      row: 'the tear, SIGKILL',
    },
    {
      title: 'The same with SIGTERM, which hides it',
      why: 'QEMU that ends by a signal it can handle writes its metadata back. So do `quit` and `virsh destroy`: a test that ends its\nVMs that way proves nothing.',
      options: {
        rig: 'storage-daemon',
        image: 'qcow2-overlay-extl2',
        cut: 'sigterm',
        script: TEAR_SCRIPT,
        size: '16M',
      },
      expected: 'held',
      picture: true,
      row: 'the tear, SIGTERM',
    },
  ]
}

function qemuDies(cycles: string): readonly DemoStep[] {
  return [
    {
      title: 'Random writes on a plain QCOW2, cache=none, QEMU killed; first a liar, that must be caught',
      why: "Data goes to the file at once, the tables that say where wait in QEMU's memory for a flush: losing them is losing the write,\nhowever long ago it completed. Of the 1000 writes here the last 100 were not flushed.",
      options: {
        ...BUSY,
        rig: 'storage-daemon',
        image: 'qcow2',
        cut: 'sigkill',
        cycles,
        writeSize: '4k',
        size: '256M',
        queueDepth: '1',
        writes: '1000',
        flushEvery: '300',
        cutAfter: '300ms-1s',
        positiveControl: true,
      },
      expected: 'held',
      picture: false,
      row: 'qcow2, SIGKILL',
    },
    {
      title: 'Overlapping writes on QCOW2 with subclusters (extended_l2), QEMU killed',
      why: 'Every write is half on ground that the last one allocated, half on new ground: single writes tear.',
      options: {
        ...BUSY,
        rig: 'storage-daemon',
        image: 'qcow2-extl2',
        cut: 'sigkill',
        cycles,
        workload: 'overlap',
        writeSize: '8k',
        queueDepth: '1',
      },
      expected: 'held',
      picture: false,
      row: 'extended_l2, SIGKILL',
    },
    {
      title: 'Random writes on a raw file, QEMU killed',
      why: "No metadata of its own: what completed is in the host's hands, and the host did not die.",
      options: { ...BUSY, rig: 'storage-daemon', image: 'raw', cut: 'sigkill', cycles },
      expected: 'held',
      picture: false,
      row: 'raw, SIGKILL',
    },
  ]
}

function hostDies(cycles: string): readonly DemoStep[] {
  return [
    {
      title: 'The host itself loses power: cache=none honours flushes',
      why: 'The image lies on a disk with a volatile cache, and everything dies at once. What was flushed must be there, and is.',
      options: { ...BUSY, rig: 'host-power', image: 'qcow2', cut: 'host-power', cache: 'none', cycles },
      expected: 'held',
      picture: false,
      row: 'qcow2 none, host power',
    },
    {
      title: 'The same power loss with cache=unsafe',
      why: 'Flushes are acknowledged and not passed on: the guest was lied to, and that is a violation.',
      options: { ...BUSY, rig: 'host-power', image: 'qcow2', cut: 'host-power', cache: 'unsafe', cycles },
      expected: 'violation',
      picture: false,
      row: 'qcow2 unsafe, host power',
    },
  ]
}

/** Without them: the same story on a simulated disk. */
export function simSteps(cycles: string): readonly DemoStep[] {
  return [
    {
      title: 'The script of the published tear on a simulated disk with a volatile cache',
      why: "A at block 1, flushed; B over blocks 0 and 1, complete but not flushed: any sector of B may or may not survive, A's must.",
      options: { rig: 'sim', script: TEAR_SCRIPT, size: '1M', cycles: '1', seed: '8' },
      expected: 'held',
      picture: true,
      row: 'the script, honest disk',
    },
    {
      title: 'Random writes on honest simulated disks; a liar first, that must be caught',
      why: 'Whatever an honest volatile cache loses, it never loses what was flushed.',
      options: {
        ...BUSY,
        rig: 'sim',
        size: '4M',
        cutAfter: '50ms-150ms',
        flushEvery: '32',
        cycles,
        seed: '2',
        positiveControl: true,
      },
      expected: 'held',
      picture: false,
      row: 'random, honest disk',
    },
    {
      title: 'The same on disks that drop flushes',
      why: 'Flushes are acknowledged and nothing is done: the same lie as cache=unsafe.',
      options: {
        ...BUSY,
        rig: 'sim',
        size: '4M',
        cutAfter: '50ms-150ms',
        flushEvery: '32',
        cycles,
        seed: '3',
        fault: 'drop-flush',
      },
      expected: 'violation',
      picture: false,
      row: 'random, flushes dropped',
    },
  ]
}
