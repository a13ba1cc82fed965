/** How every tool is set up, so that their figures compare. */
import type { Setting } from './tool.ts'

/** Of the disk. */
export const DISK_BYTES = 128 * 2 ** 20

/**
 * What is written again and again. So small that a run writes each of its blocks many times: fio before 3.42 else also verifies blocks
 * that its replay of the random offsets reaches and the run, cut short, did not.
 */
export const OVERWRITTEN_BYTES = 2 ** 20

export const SETTINGS: readonly Setting[] = [
  { flushEvery: 16, overwrites: false },
  { flushEvery: 16, overwrites: true },
  { flushEvery: 1, overwrites: false },
  { flushEvery: 1, overwrites: true },
]

/** As the tables call it. */
export const settingText = ({ flushEvery, overwrites }: Setting): string =>
  `flush every ${flushEvery === 1 ? 'write' : `${flushEvery} writes`}, ${overwrites ? 'overwrites' : 'each block once'}`
