/** One sector that disagrees: what it holds, what its stamp says, and its bytes beside those of the version that should be there. */
import { isZero } from '../baseline.ts'
import { type ByteRows, byteRows } from './byte-rows.ts'
import type { Content, Finding } from '../finding.ts'
import type { History } from '../history.ts'
import { Observations } from '../observations.ts'
import { Observer } from '../observe.ts'
import { keyOf } from '../prng.ts'
import { SectorBuffer, type Stamp, Stamper, decodeStamp, peekStamp } from '../stamp.ts'
import type { CoveringWrite, StripCell } from './strip.ts'
import { BASELINE_WRITE, SECTOR_BYTES } from '../units.ts'

export interface SectorComparison {
  readonly lba: number
  readonly found: Content
  readonly isZeros: boolean
  /** What the sector says of itself; absent where no stamp begins it. `whole`: its check word holds at both ends. */
  readonly stamp?: Stamp & { readonly whole: boolean }
  /** The version it is compared with, by its write (0: the baseline). */
  readonly expected: number
  /** Whether that version begins with a stamp. */
  readonly isExpectedStamped: boolean
  /** Absent where the expected version is a baseline of which only a digest is known. */
  readonly bytes?: ByteRows
  /** Byte at which two versions meet. */
  readonly tearAt?: number
}

const NO_ERRORS: ReadonlyMap<number, string> = new Map()

export class SectorComparer {
  readonly #history: History
  readonly #observer: Observer
  readonly #stamper: Stamper
  readonly #seen = new Observations()

  constructor(history: History) {
    const { manifest } = history
    this.#history = history
    this.#observer = new Observer(history)
    this.#stamper = new Stamper(keyOf(manifest.run), keyOf(manifest.device))
  }

  /** Looks at a sector that the finding is about; `cells` and `covering` are those of the finding's place. */
  compare(
    lba: number,
    bytes: Uint8Array,
    finding: Finding,
    cells: readonly StripCell[],
    covering: readonly CoveringWrite[],
  ): SectorComparison {
    const buffer = SectorBuffer.ofSectors(1)
    buffer.bytes.set(bytes)
    const here = covering.filter((write) => write.lba <= lba && lba < write.lba + write.sectors)
    const numbers = here.map(({ write }) => write)
    this.#observer.observe(this.#seen, lba, 1, buffer, NO_ERRORS, () => numbers)
    const found = this.#seen.contentOf(0)
    const stamp = stampOf(buffer)
    const cell = cells.find((one) => one.lba <= lba && lba < one.lba + one.sectors)
    const expected = expectedOf(found, finding, here, cell)
    const made = this.#version(expected, lba)
    const tearAt = found.kind === 'mix' ? found.offset : undefined
    return {
      lba,
      found,
      isZeros: isZero(buffer.words, 0),
      ...(stamp === undefined ? {} : { stamp }),
      expected,
      isExpectedStamped: expected !== BASELINE_WRITE || this.#history.manifest.baseline !== 'scan',
      ...(made === undefined ? {} : { bytes: byteRows(made, buffer.bytes, tearAt) }),
      ...(tearAt === undefined ? {} : { tearAt }),
    }
  }

  /** The bytes of a version at that address, made again; `undefined` where only a digest of them is known. */
  #version(write: number, lba: number): Uint8Array | undefined {
    const { plan, manifest } = this.#history
    const made = SectorBuffer.ofSectors(1)
    if (write === BASELINE_WRITE && manifest.baseline === 'scan')
      return this.#wasZeros(lba) ? new Uint8Array(SECTOR_BYTES) : undefined
    const { region } = plan.spec
    const planned = write === BASELINE_WRITE ? { lba: region.lba, sectors: region.sectors } : plan.write(write)
    const epoch = write === BASELINE_WRITE ? 0 : plan.epochOf(write)
    this.#stamper.fill(made, 0, { write, lba: planned.lba, count: planned.sectors, epoch }, lba - planned.lba, 1)
    return made.bytes
  }

  #wasZeros(lba: number): boolean {
    const { baseline } = this.#history
    if (!baseline.covers(lba, 1)) return false
    const lo = new Uint32Array(1)
    const hi = new Uint32Array(1)
    baseline.read(lba, 1, lo, hi)
    return lo[0] === 0 && hi[0] === 0
  }
}

function stampOf(buffer: SectorBuffer): SectorComparison['stamp'] {
  const whole = decodeStamp(buffer.words, 0)
  const said = whole ?? peekStamp(buffer.words, 0)
  return said === undefined ? undefined : { ...said, whole: whole !== undefined }
}

/** The version to hold the sector against: the finding's own write, or what the sector resembles, or what must be there. */
function expectedOf(
  found: Content,
  finding: Finding,
  here: readonly CoveringWrite[],
  cell: StripCell | undefined,
): number {
  if (found.kind === 'mix') return Math.max(found.head, found.tail)
  const isOfWrite = finding.kind === 'lost' || finding.kind === 'torn' || finding.kind === 'reordered'
  if (isOfWrite && here.some(({ write }) => write === finding.write)) return finding.write ?? BASELINE_WRITE
  if (found.kind === 'garbage' && found.nearestWrite >= 0) return found.nearestWrite
  return cell?.floor.at(-1) ?? BASELINE_WRITE
}
