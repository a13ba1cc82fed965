/**
 * Run keys: 16 hexadecimal digits, of which the first eight are the second in which the run began and the rest is random.
 * So of two runs that wrote to one target the later is known by its stamps alone: a target that was written again after
 * a run says nothing about that run any more.
 */
import { type Key64, hexOf } from './prng.ts'

/** 2020 and 2046: a key chosen by somebody else need not begin with a time. */
const EARLIEST_SECOND = 0x5e0b_e100
const LATEST_SECOND = 0x8f00_0000

/** The key of a run that begins now; `random`: 32 random bits. */
export const runIdAt = (unixMs: number, random: number): string => hexOf({ hi: Math.floor(unixMs / 1000), lo: random })

const isTime = (second: number): boolean => second >= EARLIEST_SECOND && second <= LATEST_SECOND

/** Whether run `a` began after run `b`, as far as their keys tell. */
export function beganAfter(a: Key64, b: Key64): boolean {
  return isTime(a.hi) && isTime(b.hi) && a.hi > b.hi
}
