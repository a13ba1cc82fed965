/** How the disk lost, tore and reordered: ages, where tears lie, what was never seen torn, how far survivors were ahead. */
import type { ComponentChild } from 'preact'
import type { CampaignMeasures, CampaignUnitCounts } from '../../../src/core/campaign/campaign-measures.ts'
import { type Atomicity, atomicityOf } from '../../../src/core/campaign/evidence.ts'
import { type Spread, endOfClass, totalOf } from '../../../src/core/histogram.ts'
import { UNIT_BYTES_MAX } from '../../../src/core/measures.ts'
import { formatBytes, formatCount, formatMs, formatPercent } from '../../../src/core/size.ts'
import { excludedAbove } from '../../../src/core/statistics.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { BarTable, type BarRow } from './bar-table.tsx'
import { asSentence, type CampaignAnswer, sentenceOn } from './types.ts'

export function Losses({ answer }: { readonly answer: CampaignAnswer }): ComponentChild {
  const { measures } = answer.summary
  if (measures === undefined) return null
  const said = (topic: 'ages' | 'tears' | 'reordering' | 'atomicity'): string | undefined =>
    sentenceOn(answer.evidence, topic)
  return (
    <>
      <section aria-labelledby="ages">
        <h2 id="ages">Age of what was lost</h2>
        <Said text={said('ages')} none="No complete write was lost or torn." />
        {totalOf(measures.lostAgesMs.classes) === 0 ? null : (
          <div class="card">
            <BarTable
              caption="Complete writes lost or torn, by their age at the cut"
              of="age at the cut"
              unit="writes"
              tone="hazard"
              rows={spreadRows(measures.lostAgesMs, formatMs)}
            />
          </div>
        )}
      </section>
      <Tears measures={measures} tears={said('tears')} atomicity={said('atomicity')} />
      <Reordering measures={measures} said={said('reordering')} />
    </>
  )
}

const Said = ({ text, none }: { readonly text: string | undefined; readonly none: string }): ComponentChild => (
  <p>{text === undefined ? none : asSentence(text)}</p>
)

function Tears({
  measures,
  tears,
  atomicity,
}: {
  readonly measures: CampaignMeasures
  readonly tears: string | undefined
  readonly atomicity: string | undefined
}): ComponentChild {
  const { alignments, writeSizes } = measures.tears
  return (
    <section aria-labelledby="tears">
      <h2 id="tears">Where writes tore</h2>
      <Said text={tears === undefined ? undefined : `torn: ${tears}`} none="No write was found torn." />
      {totalOf(writeSizes) === 0 ? null : (
        <div class="side-by-side">
          <div class="card">
            <BarTable
              caption="Boundaries between there and missing, by what their address is aligned to"
              of="aligned to"
              unit="boundaries"
              tone="hazard"
              rows={ascending(alignments).map(([bytes, count]) => ({ name: alignmentName(bytes), count }))}
            />
          </div>
          <div class="card">
            <BarTable
              caption="Torn writes, by size"
              of="write of up to"
              unit="writes"
              tone="hazard"
              rows={ascending(writeSizes).map(([bytes, count]) => ({ name: formatBytes(bytes), count }))}
            />
          </div>
        </div>
      )}
      <h3>Sizes that were never seen torn</h3>
      <Said text={atomicity} none="No cut left a write of which a tear would have been seen." />
      <AtomicityTable measures={measures} />
    </section>
  )
}

interface UnitRow extends CampaignUnitCounts {
  readonly bytes: number
  readonly isUntorn: boolean
}

function AtomicityTable({ measures }: { readonly measures: CampaignMeasures }): ComponentChild {
  const best: Atomicity['untorn'] = atomicityOf(measures)?.untorn
  const rows = Object.entries(measures.atomicity).map(([unit, counts]) => ({
    ...counts,
    bytes: Number(unit),
    isUntorn: Number(unit) === best?.bytes,
  }))
  if (rows.length === 0) return null
  return (
    <DataTable
      caption="Writes of which a tear would have been seen, by the smallest aligned unit that holds them"
      showCaption
      columns={UNIT_COLUMNS}
      rows={rows}
      rowKey={({ bytes }) => String(bytes)}
      stack
    />
  )
}

const UNIT_COLUMNS: readonly Column<UnitRow>[] = [
  {
    name: 'Aligned unit',
    heads: true,
    cell: ({ bytes, isUntorn }) => (
      <>
        {bytes > UNIT_BYTES_MAX ? `more than ${formatBytes(UNIT_BYTES_MAX)}` : formatBytes(bytes)}
        {isUntorn ? <span class="note"> the largest never torn</span> : null}
      </>
    ),
  },
  { name: 'Writes', numeric: true, cell: ({ exposed }) => formatCount(exposed) },
  { name: 'Larger than half', numeric: true, cell: ({ filling }) => formatCount(filling) },
  { name: 'Kept whole', numeric: true, cell: ({ whole }) => formatCount(whole) },
  { name: 'Lost whole', numeric: true, cell: ({ exposed, whole, torn }) => formatCount(exposed - whole - torn) },
  { name: 'Torn', numeric: true, cell: ({ torn }) => (torn === 0 ? '0' : <strong>{formatCount(torn)}</strong>) },
  { name: 'Cuts with one', numeric: true, cell: ({ cuts }) => formatCount(cuts) },
  { name: 'Cuts that tore', numeric: true, cell: ({ tornCuts, fillingCuts }) => tearBound(tornCuts, fillingCuts) },
]

/** Below four cuts a bound says nothing, as in the sentences (docs/MODEL.md, “Atomicity”). */
const TELLING_CUTS_MIN = 4

function tearBound(tornCuts: number, fillingCuts: number): string {
  if (tornCuts > 0) return formatCount(tornCuts)
  return fillingCuts < TELLING_CUTS_MIN ? '0: too few to tell' : `0: below ${formatPercent(excludedAbove(fillingCuts))}`
}

function Reordering({
  measures: {
    reordered: { writesAhead, msAhead },
  },
  said,
}: {
  readonly measures: CampaignMeasures
  readonly said: string | undefined
}): ComponentChild {
  return (
    <section aria-labelledby="reordering">
      <h2 id="reordering">How far survivors were ahead</h2>
      <Said text={said} none="No write is missing behind a later one that survived." />
      {totalOf(writesAhead.classes) === 0 ? null : (
        <div class="side-by-side">
          <div class="card">
            <BarTable
              caption="Reordered writes, by how many writes the survivor was ahead"
              of="writes ahead"
              unit="writes"
              tone="hazard"
              rows={spreadRows(writesAhead, formatCount)}
            />
          </div>
          <div class="card">
            <BarTable
              caption="Reordered writes, by how long the survivor was ahead"
              of="time ahead"
              unit="writes"
              tone="hazard"
              rows={spreadRows(msAhead, formatMs)}
            />
          </div>
        </div>
      )}
    </section>
  )
}

/** Classes from the first to the last that something fell into, empty ones between them too: gaps must be seen. */
function spreadRows({ classes }: Spread, format: (value: number) => string): readonly BarRow[] {
  const lowers = Object.keys(classes).map(Number)
  const rows: BarRow[] = []
  const last = Math.max(...lowers)
  for (let lower = Math.min(...lowers); lower <= last; lower = endOfClass(lower))
    rows.push({
      name: lower === 0 ? `below ${format(1)}` : `${format(lower)} to ${format(endOfClass(lower))}`,
      count: classes[lower] ?? 0,
    })
  return rows
}

const ascending = (histogram: Readonly<Record<string, number>>): readonly (readonly [number, number])[] =>
  Object.entries(histogram)
    .map(([key, count]) => [Number(key), count] as const)
    .toSorted(([a], [b]) => a - b)

function alignmentName(bytes: number): string {
  if (bytes === 0) return 'inside a sector'
  return bytes === UNIT_BYTES_MAX ? `${formatBytes(bytes)} or more` : formatBytes(bytes)
}
