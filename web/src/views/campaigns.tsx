/** All campaigns, newest first, with a search by name and by injected faults that is part of the address. */
import type { ComponentChild } from 'preact'
import type { CampaignCounts } from '../../../src/core/campaign/campaign.ts'
import { counted, formatCount } from '../../../src/core/size.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Page } from '../components/page.tsx'
import { Await, Empty } from '../components/states.tsx'
import { Time } from '../components/time.tsx'
import { Word } from '../components/word.tsx'
import { campaignLink } from '../links.ts'
import { query, setQuery } from '../router.ts'
import { useJson } from '../use-json.ts'

const TWIN = '/v1/campaigns'

export function CampaignsView(): ComponentChild {
  const loaded = useJson<{ readonly campaigns: readonly CampaignCounts[] }>(TWIN)
  const wanted = query.value.get('name') ?? ''
  return (
    <Page title="Campaigns" twin={TWIN}>
      <Await loaded={loaded} what="The campaigns">
        {({ campaigns }) =>
          campaigns.length === 0 ? (
            <Empty title="No campaign yet.">
              <p>
                Start one against this collector: <code>plugpull loop --collector {location.origin} --rig sim</code>
              </p>
            </Empty>
          ) : (
            <Found campaigns={campaigns} wanted={wanted} />
          )
        }
      </Await>
    </Page>
  )
}

function Found({
  campaigns,
  wanted,
}: {
  readonly campaigns: readonly CampaignCounts[]
  readonly wanted: string
}): ComponentChild {
  const faults = faultsOf(query.value.get('faults'))
  const isFiltered = wanted !== '' || faults !== 'any'
  const found = campaigns.filter(
    ({ campaign, injected }) =>
      campaign.toLowerCase().includes(wanted.toLowerCase()) &&
      (faults === 'any' || (faults === 'with') === injected > 0),
  )
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <div class="field">
          <label htmlFor="campaign-name">Name contains</label>
          <input
            id="campaign-name"
            type="search"
            value={wanted}
            onInput={(event) => setQuery({ name: event.currentTarget.value })}
          />
        </div>
        <div class="field">
          <label htmlFor="campaign-faults">Injected faults</label>
          <select
            id="campaign-faults"
            value={faults}
            onChange={({ currentTarget: { value } }) => setQuery({ faults: value === 'any' ? undefined : value })}
          >
            {Object.entries(FAULTS).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <p class="muted" role="status">
          {!isFiltered
            ? counted(campaigns.length, 'campaign')
            : `${formatCount(found.length)} of ${counted(campaigns.length, 'campaign')}`}
        </p>
      </form>
      {found.length === 0 ? (
        <Empty title={nothingFound(wanted, faults)}>
          <button type="button" onClick={() => setQuery({ name: undefined, faults: undefined })}>
            Show all
          </button>
        </Empty>
      ) : (
        <DataTable caption="Campaigns" columns={COLUMNS} rows={found} rowKey={({ campaign }) => campaign} stack />
      )}
    </>
  )
}

const FAULTS = { any: 'with or without', with: 'only with', without: 'only without' } as const
type Faults = keyof typeof FAULTS

const faultsOf = (text: string | null): Faults => (text === 'with' || text === 'without' ? text : 'any')

function nothingFound(wanted: string, faults: Faults): string {
  const which = faults === 'any' ? 'No campaign' : `No campaign ${faults} injected faults`
  return wanted === '' ? `${which}.` : `${which} has ${JSON.stringify(wanted)} in its name.`
}

/** Runs without a cut have a verdict too, and are none of the three words. */
const withoutVerdict = ({ runs, verified }: CampaignCounts): number => runs - verified

const COLUMNS: readonly Column<CampaignCounts>[] = [
  {
    name: 'Campaign',
    heads: true,
    sort: ({ campaign }) => campaign,
    cell: ({ campaign }) => <a href={campaignLink(campaign)}>{campaign}</a>,
  },
  {
    name: 'Injected faults',
    sort: ({ injected }) => injected,
    cell: ({ injected, runs }) => <Injected injected={injected} runs={runs} />,
  },
  { name: 'Runs', numeric: true, sort: ({ runs }) => runs, cell: ({ runs }) => formatCount(runs) },
  {
    name: 'Violation',
    numeric: true,
    sort: ({ violation }) => violation,
    cell: ({ violation }) => (violation === 0 ? '0' : <Word state="violation" text={formatCount(violation)} />),
  },
  { name: 'Held', numeric: true, sort: ({ held }) => held, cell: ({ held }) => formatCount(held) },
  {
    name: 'Inconclusive',
    numeric: true,
    sort: ({ inconclusive }) => inconclusive,
    cell: ({ inconclusive }) => formatCount(inconclusive),
  },
  {
    name: 'No verdict yet',
    numeric: true,
    sort: withoutVerdict,
    cell: (row) => formatCount(withoutVerdict(row)),
  },
  { name: 'Newest run', sort: ({ lastAt }) => lastAt, cell: ({ lastAt }) => <Time iso={lastAt} /> },
]

function Injected({ injected, runs }: Pick<CampaignCounts, 'injected' | 'runs'>): ComponentChild {
  if (injected === 0) return <span class="muted">none</span>
  return (
    <span class="word none">
      <span class="glyph" aria-hidden="true">
        ⚑
      </span>
      {injected === runs ? 'in all runs' : `in ${formatCount(injected)} of ${counted(runs, 'run')}`}
    </span>
  )
}
