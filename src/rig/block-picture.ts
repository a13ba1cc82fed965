/**
 * What the first blocks of a disk hold, in letters: A for write 1, B for write 2, `old` for what was there before. Read from the
 * stamps on the image itself, so that the demo's picture is seen and not told.
 */
import assert from 'node:assert/strict'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { keyOf } from '../core/prng.ts'
import { SectorBuffer, decodeStamp } from '../core/stamp.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { parseScript } from '../core/workload/script.ts'
import { runTool } from '../io/process.ts'
import type { Survivor } from './rig.ts'

export const BLOCK_BYTES = 4096
const BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The blocks as a script leaves them when nothing is lost. */
export function completedBlocks(script: string, blocks: number): readonly string[] {
  const sectors = Array.from({ length: blocks * BLOCK_SECTORS }, () => 'old')
  for (const [index, { lba, sectors: count }] of parseScript(script).writes.entries())
    sectors.fill(letterOf(index + 1), lba, lba + count)
  return byBlock(sectors)
}

/** The blocks as they stand on what survived of a machine. `directory` is for a copy of them. */
export async function survivingBlocks(
  machine: Pick<Survivor, 'survivor' | 'survivorFormat'>,
  run: string,
  blocks: number,
  directory: string,
): Promise<readonly string[]> {
  const path =
    machine.survivorFormat === 'raw' ? machine.survivor : await firstBlocks(machine.survivor, blocks, directory)
  const buffer = SectorBuffer.ofSectors(blocks * BLOCK_SECTORS)
  const file = openSync(path, 'r')
  try {
    assert.equal(
      readSync(file, buffer.bytes, 0, buffer.bytes.length, 0),
      buffer.bytes.length,
      'the disk holds the blocks of the picture',
    )
  } finally {
    closeSync(file)
  }
  return byBlock(Array.from({ length: buffer.sectors }, (_, sector) => nameOf(buffer, sector, run)))
}

async function firstBlocks(image: string, blocks: number, directory: string): Promise<string> {
  const path = join(directory, 'first-blocks.raw')
  await runTool('qemu-img', [
    'dd',
    '-f',
    'qcow2',
    '-O',
    'raw',
    `bs=${BLOCK_BYTES}`,
    `count=${blocks}`,
    `if=${image}`,
    `of=${path}`,
  ])
  return path
}

/** `old` is what the rigs put there before a run: marked old data, or nothing at all. */
function nameOf(buffer: SectorBuffer, sector: number, run: string): string {
  const stamp = decodeStamp(buffer.words, sector)
  const { lo, hi } = keyOf(run)
  if (stamp !== undefined && stamp.run.lo === lo && stamp.run.hi === hi && stamp.lba === sector)
    return letterOf(stamp.write)
  const bytes = Buffer.from(buffer.sector(sector))
  return bytes.every((byte) => byte === 0) || bytes.toString('latin1').startsWith('old data, sector ') ? 'old' : '?'
}

const letterOf = (write: number): string => LETTERS[(write - 1) % LETTERS.length] ?? '?'

/** One name a block; a block of several is all of them, as in `A/B`. */
function byBlock(sectors: readonly string[]): readonly string[] {
  const blocks: string[] = []
  for (let at = 0; at < sectors.length; at += BLOCK_SECTORS)
    blocks.push([...new Set(sectors.slice(at, at + BLOCK_SECTORS))].join('/'))
  return blocks
}
