/** All campaigns, newest first, with a search by name that is part of the address. */
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
  const found = campaigns.filter(({ campaign }) => campaign.toLowerCase().includes(wanted.toLowerCase()))
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
        <p class="muted" role="status">
          {wanted === ''
            ? counted(campaigns.length, 'campaign')
            : `${formatCount(found.length)} of ${counted(campaigns.length, 'campaign')}`}
        </p>
      </form>
      {found.length === 0 ? (
        <Empty title={`No campaign has ${JSON.stringify(wanted)} in its name.`}>
          <button type="button" onClick={() => setQuery({ name: undefined })}>
            Show all
          </button>
        </Empty>
      ) : (
        <DataTable caption="Campaigns" columns={COLUMNS} rows={found} rowKey={({ campaign }) => campaign} stack />
      )}
    </>
  )
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
