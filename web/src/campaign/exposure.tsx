/** What was at risk at the cuts and what of it went missing, by kind; what its runs were; what it could not have seen. */
import type { ComponentChild } from 'preact'
import { facetName } from '../../../src/core/campaign/setup-differences.ts'
import { type CampaignSetup, LOOP_LABEL } from '../../../src/core/campaign/setup.ts'
import { FINDING_KINDS } from '../../../src/core/finding.ts'
import { counted, formatBytes, formatCount, formatMs } from '../../../src/core/size.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import type { CampaignAnswer } from './types.ts'

export function Exposure({ answer: { summary } }: { readonly answer: CampaignAnswer }): ComponentChild {
  const { exposure, liedFlushes, measures, violations, hazards } = summary
  const kinds = FINDING_KINDS.map((kind) => ({
    kind,
    violations: violations[kind],
    hazards:
      kind === 'lost' || kind === 'torn' || kind === 'reordered' || kind === 'corrupt' ? hazards[kind] : undefined,
  }))
  return (
    <section aria-labelledby="exposure">
      <h2 id="exposure">Exposure</h2>
      <dl class="figures">
        {measures === undefined ? null : (
          <>
            <Figure name="at risk, complete" value={formatCount(measures.atRisk.completeWrites)} unit="writes" />
            <Figure name="at risk, in flight" value={formatCount(measures.atRisk.inFlightWrites)} unit="writes" />
          </>
        )}
        <Figure name="complete and gone" value={formatCount(exposure.lostWrites)} unit="writes" />
        <Figure name="missing of them" value={formatBytes(exposure.lostBytes)} />
        <Figure name="oldest of them" value={exposure.lostWrites === 0 ? 'none' : formatMs(exposure.oldestLostMs)} />
        {liedFlushes === 0 ? null : <Figure name="flushes that were a lie" value={formatCount(liedFlushes)} />}
      </dl>
      <div class="narrow">
        <DataTable
          caption="Findings, forbidden and permitted"
          columns={KIND_COLUMNS}
          rows={kinds.filter((row) => row.violations + (row.hazards ?? 0) > 0 || row.kind === 'lost')}
          rowKey={({ kind }) => kind}
        />
      </div>
    </section>
  )
}

const Figure = ({
  name,
  value,
  unit,
}: {
  readonly name: string
  readonly value: string
  readonly unit?: string
}): ComponentChild => (
  <div>
    <dt>{name}</dt>
    <dd>
      {value}
      {unit === undefined ? null : <span class="unit"> {unit}</span>}
    </dd>
  </div>
)

interface KindRow {
  readonly kind: string
  readonly violations: number
  /** Absent where the kind is never permitted. */
  readonly hazards: number | undefined
}

const KIND_COLUMNS: readonly Column<KindRow>[] = [
  { name: 'Finding', heads: true, cell: ({ kind }) => kind },
  { name: 'Violations', numeric: true, cell: ({ violations }) => formatCount(violations) },
  {
    name: 'Hazards, permitted',
    numeric: true,
    cell: ({ hazards }) => (hazards === undefined ? '–' : formatCount(hazards)),
  },
]

export function Setup({
  setup,
  runs,
}: {
  readonly setup: CampaignSetup | undefined
  readonly runs: number
}): ComponentChild {
  // What the loop was told by an option of that name, the facet says.
  const facets = Object.entries(setup ?? {}).filter(
    ([facet]) => !facet.startsWith(LOOP_LABEL) || !Object.hasOwn(setup ?? {}, facet.slice(LOOP_LABEL.length)),
  )
  return (
    <section aria-labelledby="setup">
      <h2 id="setup">What its runs were</h2>
      {facets.length === 0 ? (
        <p class="muted">Their manifests do not tell.</p>
      ) : (
        <dl class="facets card">
          {facets.map(([facet, values]) => (
            <div key={facet}>
              <dt>{facetName(facet)}</dt>
              {Object.entries(values).map(([value, count]) => (
                <dd key={value}>
                  {value}
                  {count === runs ? null : <span class="muted"> in {counted(count, 'run')}</span>}
                </dd>
              ))}
            </div>
          ))}
        </dl>
      )}
    </section>
  )
}

export function Advice({ answer: { evidence } }: { readonly answer: CampaignAnswer }): ComponentChild {
  return (
    <section aria-labelledby="advice">
      <h2 id="advice">What it could not have seen</h2>
      {evidence.advice.length === 0 ? (
        <p class="muted">Nothing that its figures or its setup show.</p>
      ) : (
        <ul class="advice">
          {evidence.advice.map(({ code, sentence }) => (
            <li key={code}>{sentence.slice(0, 1).toUpperCase() + sentence.slice(1)}.</li>
          ))}
        </ul>
      )}
    </section>
  )
}
