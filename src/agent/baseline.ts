/**
 * What the target holds before the first write, made known: `format` stamps the region with write 0 and flushes it,
 * `scan` flushes it and records a digest of every sector in the log. Both in pieces, so that memory stays bounded
 * whatever the region. Either way what is recorded is stable: a volatile cache may lose everything else in the cut, and
 * the device would be accused of it.
 */
import { BaselineEncoder, digestSectors } from '../core/baseline.ts'
import { ProbeError, messageOf } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { keyOf } from '../core/prng.ts'
import { Stamper } from '../core/stamp.ts'
import { BASELINE_WRITE, SECTOR_BYTES } from '../core/units.ts'
import type { FrameEncoder } from '../core/wire.ts'
import { type DevicePort, alignedBuffer } from '../io/device.ts'
import type { Uplink } from './uplink.ts'

/** Sectors a piece: 1 MiB, a multiple of every logical block. */
const PIECE_SECTORS = 2048
const ZEROS = Buffer.alloc(PIECE_SECTORS * SECTOR_BYTES)

export interface BaselineParts {
  readonly manifest: Manifest
  readonly device: DevicePort
  readonly frames: FrameEncoder
  readonly uplink: Uplink
  readonly signal: AbortSignal
  /** Called with the sectors done so far. */
  readonly progressed: (sectors: number) => void
}

/** Establishes the baseline; false where the signal came first. Throws TARGET_IO, and what the log throws. */
export async function establishBaseline(parts: BaselineParts): Promise<boolean> {
  return parts.manifest.baseline === 'format' ? format(parts) : scan(parts)
}

async function format(parts: BaselineParts): Promise<boolean> {
  const { manifest, device } = parts
  const { lba, sectors: count } = manifest.plan.region
  const stamper = new Stamper(keyOf(manifest.run), keyOf(manifest.device))
  const buffer = alignedBuffer(PIECE_SECTORS * SECTOR_BYTES)
  const whole = { write: BASELINE_WRITE, lba, count, epoch: 0 }
  const finished = await eachPiece(parts, (from, sectors) => {
    stamper.fill(buffer, 0, whole, from - lba, sectors)
    attempt(parts, `formatting ${sectors} sectors at ${from}`, () => device.write(buffer, 0, from, sectors, false))
  })
  if (finished) attempt(parts, 'flushing the formatted region', () => device.flush())
  return finished
}

async function scan(parts: BaselineParts): Promise<boolean> {
  const { manifest, device, frames, uplink } = parts
  const buffer = alignedBuffer(PIECE_SECTORS * SECTOR_BYTES)
  const lo = new Uint32Array(PIECE_SECTORS)
  const hi = new Uint32Array(PIECE_SECTORS)
  const encoder = new BaselineEncoder(manifest.plan.region.lba, (payload) =>
    uplink.push(frames.frame('baseline', payload), false),
  )
  attempt(parts, 'flushing what an earlier writer left in its cache', () => device.flush())
  const finished = await eachPiece(parts, (from, sectors) => {
    attempt(parts, `reading ${sectors} sectors at ${from}`, () => device.read(buffer, 0, from, sectors))
    // Most of a new disk: compared by one machine instruction a word, where the digest takes some twenty.
    if (ZEROS.compare(buffer.bytes, 0, sectors * SECTOR_BYTES, 0, sectors * SECTOR_BYTES) === 0) {
      lo.fill(0, 0, sectors)
      hi.fill(0, 0, sectors)
    } else digestSectors(buffer.words, sectors, lo, hi)
    encoder.add(sectors, lo, hi)
  })
  encoder.end()
  return finished
}

/** Walks the region; gives the log and the signal their turn between two pieces. */
async function eachPiece(parts: BaselineParts, work: (from: number, sectors: number) => void): Promise<boolean> {
  const { lba, sectors } = parts.manifest.plan.region
  for (let done = 0; done < sectors; done += PIECE_SECTORS) {
    if (parts.signal.aborted) return false
    work(lba + done, Math.min(PIECE_SECTORS, sectors - done))
    parts.progressed(Math.min(done + PIECE_SECTORS, sectors))
    await parts.uplink.room()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return true
}

function attempt(parts: BaselineParts, what: string, work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw new ProbeError(
      'TARGET_IO',
      `${parts.manifest.target.path} failed before the run, ${what}: ${messageOf(cause)}`,
      { cause },
    )
  }
}
