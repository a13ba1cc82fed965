/** The campaign held against another: the sentence first, then how sure it is, and in what they differ. */
import type { ComponentChild } from 'preact'
import type { CampaignCounts } from '../../../src/core/campaign/campaign.ts'
import {
  COMPARED_RATES,
  type Compared,
  type Comparison,
  detectableCountText,
  type RateComparison,
} from '../../../src/core/campaign/compare.ts'
import { facetName, type SetupDifference } from '../../../src/core/campaign/setup-differences.ts'
import { countsLine, formatP, RATE_NAMES } from '../../../src/core/campaign/words.ts'
import { counted } from '../../../src/core/size.ts'
import { type Proportion, RATE_BOUNDS } from '../../../src/core/statistics.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { JsonLink } from '../components/json-link.tsx'
import { Rate } from '../components/rate.tsx'
import { Await } from '../components/states.tsx'
import { campaignLink } from '../links.ts'
import { setQuery } from '../router.ts'
import { useJson } from '../use-json.ts'

const addressFor = (a: string, b: string): string => `/v1/compare?${new URLSearchParams({ a, b }).toString()}`

export function ComparisonPart({
  campaign,
  against,
}: {
  readonly campaign: string
  readonly against: string | undefined
}): ComponentChild {
  return (
    <section aria-labelledby="comparison" class="comparison">
      <h2 id="comparison">Compared with another campaign</h2>
      <Picker campaign={campaign} against={against} />
      {against === undefined ? null : against === campaign ? (
        <p>A campaign cannot be compared with itself: choose another one.</p>
      ) : (
        <Compare campaign={campaign} against={against} />
      )}
    </section>
  )
}

/** Every other campaign; one that is asked for and not there stays in the list, so that the address and the list agree. */
function Picker({
  campaign,
  against,
}: {
  readonly campaign: string
  readonly against: string | undefined
}): ComponentChild {
  const loaded = useJson<{ readonly campaigns: readonly CampaignCounts[] }>('/v1/campaigns')
  const names = loaded.kind === 'ready' ? loaded.value.campaigns.map((one) => one.campaign) : []
  const others = [...new Set([...(against === undefined ? [] : [against]), ...names])].filter(
    (name) => name !== campaign,
  )
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label class="field">
        <span>Compare with</span>
        <select value={against ?? ''} onChange={(event) => setQuery({ against: event.currentTarget.value })}>
          <option value="">no other campaign</option>
          {others.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {against === undefined ? null : (
        <button type="button" onClick={() => setQuery({ against: undefined })}>
          Do not compare
        </button>
      )}
    </form>
  )
}

function Compare({ campaign, against }: { readonly campaign: string; readonly against: string }): ComponentChild {
  const address = addressFor(campaign, against)
  const loaded = useJson<Comparison>(address)
  return (
    <Await loaded={loaded} what="The comparison">
      {(comparison) => <Told comparison={comparison} address={address} />}
    </Await>
  )
}

function Told({ comparison, address }: { readonly comparison: Comparison; readonly address: string }): ComponentChild {
  const { a, b, rates, comparisons, setup, sentence, differences, warnings } = comparison
  const nearly = COMPARED_RATES.filter((rate) => rates[rate].p < 0.05 && !rates[rate].differs)
  return (
    <>
      <p class="lead">{sentence}</p>
      {nearly.map((rate) => (
        <p key={rate}>{rates[rate].sentence}.</p>
      ))}
      <p>{setup}</p>
      {warnings.map((warning) => (
        <p key={warning} class="caution">
          Warning: {warning}.
        </p>
      ))}
      <DataTable
        caption="Rates side by side"
        columns={rateColumns(comparison)}
        rows={COMPARED_RATES}
        rowKey={(rate) => rate}
        stack
      />
      <p class="muted">
        {a.campaign}: {countsLine(a.summary)}. <a href={campaignLink(b.campaign)}>{b.campaign}</a>:{' '}
        {countsLine(b.summary)}. {RATE_BOUNDS}. p: Fisher’s exact test, two-sided;{' '}
        {counted(comparisons, 'rate was', 'rates were')} compared, so it is corrected for that (Holm), and a difference
        is one below 0.05. <JsonLink address={address} />
      </p>
      {differences.length === 0 ? null : (
        <DataTable
          caption="In what they differ"
          showCaption
          columns={differenceColumns(a.campaign, b.campaign)}
          rows={differences}
          rowKey={({ facet }) => facet}
          stack
        />
      )}
    </>
  )
}

const rateColumns = ({ a, b, rates }: Comparison): readonly Column<Compared>[] => [
  { name: 'Share of cuts with', heads: true, cell: (rate) => RATE_NAMES[rate] },
  shareColumn(a.campaign, (rate) => rates[rate].a),
  shareColumn(b.campaign, (rate) => rates[rate].b),
  { name: 'p', numeric: true, cell: (rate) => formatP(rates[rate].p) },
  { name: 'p corrected', numeric: true, cell: (rate) => correctedText(rates[rate]) },
  { name: 'A difference from', numeric: true, cell: (rate) => seenAt(rates[rate], a.campaign, b.campaign) },
]

const shareColumn = (name: string, of: (rate: Compared) => Proportion): Column<Compared> => ({
  name,
  cell: (rate) => <Rate rate={of(rate)} tone={toneOf(rate)} />,
})

const toneOf = (rate: Compared): 'violation' | 'hazard' => (rate === 'violation' ? 'violation' : 'hazard')

const correctedText = ({ differs, pCorrected }: RateComparison): string =>
  differs ? `${formatP(pCorrected)}: differs` : formatP(pCorrected)

const seenAt = ({ detectable }: RateComparison, a: string, b: string): string =>
  detectable === undefined
    ? 'none could be seen'
    : `${detectableCountText(detectable)} of ${detectable.campaign === 'a' ? a : b}`

const differenceColumns = (a: string, b: string): readonly Column<SetupDifference>[] => [
  { name: 'Facet', heads: true, cell: ({ facet }) => facetName(facet) },
  { name: a, cell: (difference) => valuesText(difference.a) },
  { name: b, cell: (difference) => valuesText(difference.b) },
]

const valuesText = (values: readonly string[]): string => (values.length === 0 ? 'none' : values.join(', '))
