/** The sectors of an explanation in bytes: what each says of itself, and the rows in which it differs from what should be there. */
import type { ByteRow } from '../../core/telling/byte-rows.ts'
import { describeContent } from '../../core/explain.ts'
import type { Finding } from '../../core/finding.ts'
import { hexOf } from '../../core/prng.ts'
import type { SectorComparison } from '../../core/telling/sector-comparison.ts'
import { STAMP_FIELDS } from '../../core/stamp.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { Paint } from '../report/colour.ts'
import { counted } from '../report/words.ts'

/** Single differing bytes told one by one. */
const BYTES_TOLD = 4
const OFFSET_WIDTH = 7
/** Eight bytes in hexadecimal. */
const HEX_WIDTH = 23

/** Whose sector it is: what stamps are held against. */
export interface Home {
  readonly run: string
  readonly device: string
}

const versionIs = (write: number): string => (write === 0 ? 'what was there before the run' : `write ${write}`)

/** The lines on one sector. */
export function sectorLines(sector: SectorComparison, finding: Finding, home: Home, paint: Paint): readonly string[] {
  const { lba, expected, found } = sector
  const isOfWrite = finding.kind === 'lost' || finding.kind === 'torn' || finding.kind === 'reordered'
  const part = isOfWrite ? ` (sector ${lba - finding.lba} of write ${finding.write ?? 0})` : ''
  return [
    paint.bold(`Sector ${lba}${part}: expected ${versionIs(expected)}, found ${describeContent(found)}`),
    ...stampLines(sector, home).map((line) => `  ${line}`),
    ...byteLines(sector, paint).map((line) => `  ${line}`),
  ]
}

/** What the stamp that was found says, word by word: of a torn sector only what lies ahead of the tear. */
function stampLines({ stamp, lba, isZeros, tearAt }: SectorComparison, home: Home): readonly string[] {
  if (isZeros) return ['It is all zeros.']
  if (stamp === undefined) return ['It does not begin with a stamp of plugpull.']
  const run = hexOf(stamp.run)
  const device = hexOf(stamp.device)
  const fields: readonly (readonly [end: number, says: string])[] = [
    [16, `run ${run} (${run === home.run ? 'this run' : 'another run'})`],
    [24, `device ${device} (${device === home.device ? 'this one' : 'another one'})`],
    [32, `LBA ${stamp.lba} (${stamp.lba === lba ? 'this address' : `found at ${lba}`})`],
    [40, stamp.write === 0 ? 'the formatted baseline' : `write ${stamp.write}`],
    [48, `sector ${stamp.index} of ${stamp.count}`],
    [52, `epoch ${stamp.epoch}`],
  ]
  const says = fields.filter(([end]) => tearAt === undefined || end <= tearAt).map(([, words]) => words)
  if (stamp.whole) return [`Its stamp says: ${says.join(', ')};`, 'its check word holds at both ends.']
  if (says.length === 0) return ['Its stamp is torn before it says anything.']
  const torn = tearAt === undefined ? 'its check word is wrong' : `it is torn at byte ${tearAt}`
  return [`Its stamp says: ${says.join(', ')};`, `the sector does not agree with itself: ${torn}.`]
}

function byteLines(sector: SectorComparison, paint: Paint): readonly string[] {
  const { bytes, tearAt, expected, found } = sector
  if (bytes === undefined) {
    return [
      'Of what was there before the run only a digest was recorded (--baseline scan), so its bytes cannot be shown beside these.',
    ]
  }
  if (bytes.differingBytes === 0) return ['Byte for byte what was expected.']
  const head = `${'byte'.padEnd(OFFSET_WIDTH)}${(expected === 0 ? 'before the run' : versionIs(expected)).padEnd(HEX_WIDTH)}   found`
  const lines = [paint.dim(head)]
  for (const row of bytes.rows) {
    if (
      row.kind === 'bytes' &&
      tearAt !== undefined &&
      row.offset === Math.ceil(tearAt / row.found.length) * row.found.length
    )
      lines.push(tearLine(tearAt, found, paint))
    lines.push(...rowLines(row, sector, paint))
  }
  const share = `${counted(bytes.differingBytes, 'byte')} of ${SECTOR_BYTES} ${bytes.differingBytes === 1 ? 'differs' : 'differ'}`
  const told = bytes.differingBytes <= BYTES_TOLD ? `: ${singleBytes(bytes.rows).join('; ')}` : ''
  return [...lines, `${share}${told}.`]
}

function tearLine(tearAt: number, found: SectorComparison['found'], paint: Paint): string {
  const between = found.kind === 'mix' ? `${versionIs(found.head)} ends here, ${versionIs(found.tail)} begins` : ''
  return paint.red(`───── torn at byte ${tearAt}: ${between} ─────`)
}

function rowLines(row: ByteRow, sector: SectorComparison, paint: Paint): readonly string[] {
  if (row.kind === 'gap') {
    const share =
      row.differing === 0 ? 'all equal' : row.differing === row.rows ? 'all differ' : `${row.differing} differ`
    return [paint.dim(`${'…'.padEnd(OFFSET_WIDTH)}${counted(row.rows, 'more row')}, ${share}`)]
  }
  const differs = row.differs.includes(true)
  const cell = (bytes: readonly number[], mark: boolean): string =>
    bytes
      .map((byte, i) => {
        const hex = byte.toString(16).padStart(2, '0')
        return mark && row.differs[i] === true ? paint.red(hex) : hex
      })
      .join(' ')
  const field = fieldOf(row.offset, sector)
  const line = `${String(row.offset).padEnd(OFFSET_WIDTH)}${cell(row.expected, false)} ${differs ? '≠' : '='} ${cell(row.found, true)}`
  return [field === undefined ? line : `${line}   ${field}`]
}

/** What the bytes there mean, where a stamp gives them that meaning; said of the side that has one. */
function fieldOf(offset: number, { stamp, isExpectedStamped }: SectorComparison): string | undefined {
  const field = STAMP_FIELDS.get(offset)
  if (field === undefined || (stamp === undefined && !isExpectedStamped)) return undefined
  if (stamp !== undefined && isExpectedStamped) return field
  return stamp === undefined ? `expected: ${field}` : `found: ${field}`
}

/** `byte 300: 5e became 5a (bit 2)`. */
function singleBytes(rows: readonly ByteRow[]): readonly string[] {
  return rows.flatMap((row) =>
    row.kind === 'gap'
      ? []
      : row.differs.flatMap((differs, i) => {
          const [was = 0, is = 0] = [row.expected[i], row.found[i]]
          return differs ? [`byte ${row.offset + i}: ${hex(was)} became ${hex(is)} (${bitsOf(was ^ is)})`] : []
        }),
  )
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

function bitsOf(difference: number): string {
  const bits = Array.from({ length: 8 }, (_, bit) => bit).filter((bit) => (difference & (1 << bit)) !== 0)
  return `${bits.length === 1 ? 'bit' : 'bits'} ${bits.join(', ')}`
}
