/** What a simulated disk holds before the run, made again sector by sector wherever it is needed. */
import { keyOf, randomBits } from '../../core/prng.ts'
import { type SectorBuffer, Stamper } from '../../core/stamp.ts'
import type { SimOptions } from './options.ts'

/** Run keys of runs that wrote the same disk earlier: what the disk holds before the run, and what damage brings back. */
export const OLDER_RUN = { before: '0b501e7e00000001', rollback: '0b501e7e00000002' } as const
const OLDER_WRITE_SECTORS = 8
const SECTOR_WORDS = 128

/** Bytes that mean nothing, and differ from sector to sector. */
const NOISE = Uint32Array.from({ length: SECTOR_WORDS }, (_, i) => randomBits({ lo: 0x0015e, hi: 0 }, i, 0))

/** The stamper of a run on a device. */
export const stamperFor = (run: string, device: string): Stamper => new Stamper(keyOf(run), keyOf(device))

/** A sector as a run before this one left it. */
export function olderSector(into: SectorBuffer, at: number, lba: number, run: string, device: string): void {
  const index = lba % OLDER_WRITE_SECTORS
  const write = {
    write: 1 + Math.floor(lba / OLDER_WRITE_SECTORS),
    lba: lba - index,
    count: OLDER_WRITE_SECTORS,
    epoch: 0,
  }
  stamperFor(run, device).fill(into, at, write, index, 1)
}

/** The sector as it was before the run. */
export function sectorBefore(
  into: SectorBuffer,
  at: number,
  lba: number,
  options: Pick<SimOptions, 'before' | 'device'>,
): void {
  const words = into.words.subarray(at * SECTOR_WORDS, (at + 1) * SECTOR_WORDS)
  switch (options.before) {
    case 'zeros':
      return void words.fill(0)
    case 'noise':
      for (let i = 0; i < SECTOR_WORDS; i++) words[i] = (NOISE[i] ?? 0) ^ Math.imul(lba + 1, 0x9e3779b1)
      return
    case 'older-run':
      return olderSector(into, at, lba, OLDER_RUN.before, options.device)
  }
}
