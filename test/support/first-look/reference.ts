/**
 * What a sector holds, told the slow way: it is compared with every version that the plan has for it, one after another, and
 * no stamp is believed before. Nothing of the first look (src/core/confirm.ts, observe.ts) is used.
 */
import type { Content } from '../../../src/core/finding.ts'
import { type Candidate, compareMix } from '../../../src/core/mix.ts'
import { hexOf } from '../../../src/core/prng.ts'
import { SectorBuffer, Stamper, decodeStamp } from '../../../src/core/stamp.ts'
import { DEVICE, RUN } from '../../../trust/exhaustive/judged.ts'
import type { CaseDisk } from './disk.ts'

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const isZeros = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
const stampers = new Map<string, Stamper>()

/** What sector `i` of the region holds, where it could be read. */
export function contentOf(disk: CaseDisk, i: number): Content {
  const bytes = disk.contents.sector(i)
  const { history, manifest } = disk
  const covering = disk.covering(i)
  const version = covering.find((write) => isSame(bytes, disk.sectorOf(disk.runOf(write), i)))
  if (version !== undefined) {
    const isKnown = version <= history.possibleMax || !history.isComplete
    return isKnown ? { kind: 'version', write: version } : { kind: 'phantom', write: version, why: 'beyond-window' }
  }
  if (isSame(bytes, disk.before.sector(i))) return { kind: 'baseline' }
  if (isZeros(bytes)) return { kind: 'zeros' }
  const stamped = stampedAt(bytes, manifest.plan.region.lba + i)
  if (stamped !== undefined) return stamped
  const possible = covering.filter((write) => write <= history.possibleMax)
  const candidates: Candidate[] = possible.map((write) => ({ write, bytes: disk.sectorOf(disk.runOf(write), i) }))
  const isOpaque = manifest.baseline === 'scan' && !isZeros(disk.before.sector(i))
  if (!isOpaque) candidates.push({ write: 0, bytes: disk.before.sector(i) })
  return compareMix(bytes, candidates, isOpaque)
}

/** What a sector says that is whole, though the plan does not have it there. */
function stampedAt(bytes: Uint8Array, address: number): Content | undefined {
  const [found, made] = [SectorBuffer.ofSectors(1), SectorBuffer.ofSectors(1)]
  found.bytes.set(bytes)
  const stamp = decodeStamp(found.words, 0)
  if (stamp === undefined || stamp.lba < stamp.index) return undefined
  const [run, device] = [hexOf(stamp.run), hexOf(stamp.device)]
  const stamper = stampers.get(run + device) ?? new Stamper(stamp.run, stamp.device)
  stampers.set(run + device, stamper)
  stamper.fill(made, 0, { ...stamp, lba: stamp.lba - stamp.index }, stamp.index, 1)
  if (!isSame(found.bytes, made.bytes)) return undefined
  if (stamp.lba !== address || device !== DEVICE)
    return { kind: 'elsewhere', run, device, lba: stamp.lba, write: stamp.write }
  return run === RUN
    ? { kind: 'phantom', write: stamp.write, why: 'not-in-plan' }
    : { kind: 'older-run', run, write: stamp.write }
}
