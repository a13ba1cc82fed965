/** One sector byte for byte: what should be there, what is there, which bytes differ, and what the fields of a stamp mean. */
import type { ComponentChild } from 'preact'
import { describeContent } from '../../../../src/core/explain.ts'
import { hexOf } from '../../../../src/core/prng.ts'
import { counted, formatCount } from '../../../../src/core/size.ts'
import { STAMP_FIELDS } from '../../../../src/core/stamp.ts'
import type { ByteRow } from '../../../../src/core/telling/byte-rows.ts'
import type { SectorComparison } from '../../../../src/core/telling/sector-comparison.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'

const versionIs = (write: number): string => (write === 0 ? 'what was there before the run' : `write ${write}`)

export interface SectorBytesProps {
  readonly sector: SectorComparison
  readonly run: string
  readonly device: string
}

export function SectorBytes({ sector, run, device }: SectorBytesProps): ComponentChild {
  const { lba, expected, found, bytes } = sector
  return (
    <div class="sector">
      <p>
        <strong>Sector {formatCount(lba)}</strong>: expected {versionIs(expected)}, found {describeContent(found)}.
      </p>
      <StampLine sector={sector} run={run} device={device} />
      {bytes === undefined ? (
        <p class="muted">
          Of what was there before the run only a digest was recorded, so its bytes cannot be shown beside these.
        </p>
      ) : bytes.differingBytes === 0 ? (
        <p>Byte for byte what was expected.</p>
      ) : (
        <>
          <HexTable sector={sector} rows={bytes.rows} />
          <p class="muted small-text">
            {counted(bytes.differingBytes, 'byte')} of {SECTOR_BYTES}{' '}
            {bytes.differingBytes === 1 ? 'differs' : 'differ'}; those are bold and underlined.
          </p>
        </>
      )}
    </div>
  )
}

/** What the stamp that was found says, word by word: of a torn sector only what lies ahead of the tear. */
function StampLine({ sector: { stamp, lba, isZeros, tearAt }, run, device }: SectorBytesProps): ComponentChild {
  if (isZeros) return <p>It is all zeros.</p>
  if (stamp === undefined) return <p>It does not begin with a stamp of plugpull.</p>
  const fields: readonly (readonly [end: number, name: string, value: string, note: string])[] = [
    [16, 'run', hexOf(stamp.run), hexOf(stamp.run) === run ? 'this run' : 'another run'],
    [24, 'device', hexOf(stamp.device), hexOf(stamp.device) === device ? 'this one' : 'another one'],
    [32, 'LBA', String(stamp.lba), stamp.lba === lba ? 'this address' : `found at ${lba}`],
    [40, 'write', stamp.write === 0 ? 'baseline' : String(stamp.write), ''],
    [48, 'sector', `${stamp.index} of ${stamp.count}`, ''],
    [52, 'epoch', String(stamp.epoch), ''],
  ]
  const said = fields.filter(([end]) => tearAt === undefined || end <= tearAt)
  const end = stamp.whole
    ? 'Its check word holds at both ends.'
    : `The sector does not agree with itself: ${tearAt === undefined ? 'its check word is wrong' : `it is torn at byte ${tearAt}`}.`
  return (
    <>
      <dl class="stamp">
        {said.map(([, name, value, note]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code> {note === '' ? null : <span class="muted">({note})</span>}
            </dd>
          </div>
        ))}
      </dl>
      <p class="muted small-text">{end}</p>
    </>
  )
}

function HexTable({
  sector,
  rows,
}: {
  readonly sector: SectorComparison
  readonly rows: readonly ByteRow[]
}): ComponentChild {
  return (
    <section class="table-frame" tabIndex={0} aria-label={`Bytes of sector ${sector.lba}`}>
      <table class="hex mono">
        <thead>
          <tr>
            <th scope="col">byte</th>
            <th scope="col">{sector.expected === 0 ? 'before the run' : versionIs(sector.expected)}</th>
            <th scope="col">
              <span class="unseen">same</span>
            </th>
            <th scope="col">found</th>
            <th scope="col">field</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) =>
            row.kind === 'gap' ? (
              <Gap key={`gap${i}`} row={row} />
            ) : (
              <Bytes key={row.offset} row={row} sector={sector} />
            ),
          )}
        </tbody>
      </table>
    </section>
  )
}

function Gap({ row }: { readonly row: ByteRow & { readonly kind: 'gap' } }): ComponentChild {
  const share =
    row.differing === 0 ? 'all equal' : row.differing === row.rows ? 'all differ' : `${row.differing} differ`
  return (
    <tr class="gap">
      <td>…</td>
      <td colSpan={4} class="muted">
        {counted(row.rows, 'more row')}, {share}
      </td>
    </tr>
  )
}

function Bytes({
  row,
  sector,
}: {
  readonly row: ByteRow & { readonly kind: 'bytes' }
  readonly sector: SectorComparison
}): ComponentChild {
  const { offset, expected, found, differs } = row
  const { tearAt } = sector
  const isTear = tearAt !== undefined && offset <= tearAt && tearAt < offset + found.length
  const differ = differs.includes(true)
  return (
    <tr class={isTear ? 'tear' : undefined}>
      <th scope="row">{offset}</th>
      <td>{expected.map(hex).join(' ')}</td>
      <td>
        <span aria-hidden="true">{differ ? '≠' : '='}</span>
        <span class="unseen">{differ ? 'differs' : 'equal'}</span>
      </td>
      <td>
        {found.map((byte, i) => (
          <>{differs[i] === true ? <mark>{hex(byte)}</mark> : hex(byte)} </>
        ))}
      </td>
      <td class="field-name">
        {fieldOf(offset, sector)}
        {isTear ? ` torn at byte ${tearAt}` : ''}
      </td>
    </tr>
  )
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0')

/** What the bytes there mean, where a stamp gives them that meaning; said of the side that has one. */
function fieldOf(offset: number, { stamp, isExpectedStamped }: SectorComparison): string {
  const field = STAMP_FIELDS.get(offset)
  if (field === undefined || (stamp === undefined && !isExpectedStamped)) return ''
  if (stamp !== undefined && isExpectedStamped) return field
  return stamp === undefined ? `expected: ${field}` : `found: ${field}`
}
