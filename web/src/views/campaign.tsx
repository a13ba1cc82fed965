/** A campaign: what it supports, verdict by verdict and in its distributions, and held against another one. */
import '../campaign/campaign.css'
import type { ComponentChild } from 'preact'
import { useEffect } from 'preact/hooks'
import { ComparisonPart } from '../campaign/comparison.tsx'
import { Advice, Exposure, Setup } from '../campaign/exposure.tsx'
import { Downloads, Head } from '../campaign/head.tsx'
import { Latency } from '../campaign/latency.tsx'
import { Losses } from '../campaign/losses.tsx'
import { Rates } from '../campaign/rates.tsx'
import { Runs } from '../campaign/runs.tsx'
import { Strip } from '../campaign/strip.tsx'
import { type Campaign, campaignAddress, useCampaign } from '../campaign/use-campaign.ts'
import { Boundary } from '../components/boundary.tsx'
import { Page } from '../components/page.tsx'
import { Await, Empty } from '../components/states.tsx'
import { campaignsLink } from '../links.ts'
import { query } from '../router.ts'
import { shellWord } from '../shell.ts'

export function CampaignView({ campaign }: { readonly campaign: string }): ComponentChild {
  const loaded = useCampaign(campaign)
  const isUnknown = [loaded.sums, loaded.cycles].some(
    (part) => part.kind === 'failed' && part.refusal.code === 'CAMPAIGN_UNKNOWN',
  )
  if (isUnknown) return <Unknown campaign={campaign} />
  return (
    <Page
      title={`Campaign ${campaign}`}
      heading={campaign}
      twin={campaignAddress(campaign)}
      aside={<Downloads campaign={campaign} />}
    >
      <Parts campaign={campaign} loaded={loaded} />
    </Page>
  )
}

/** The first screen is of both answers, so that nothing jumps; what is further down follows in the order of the questions. */
function Parts({ campaign, loaded }: { readonly campaign: string; readonly loaded: Campaign }): ComponentChild {
  const { sums, cycles } = loaded
  const twin = campaignAddress(campaign)
  const against = query.value.get('against') ?? undefined
  const rates = sums.kind === 'ready' ? sums.value.summary.rates : undefined
  return (
    <>
      <Await loaded={sums} what="The campaign">
        {(answer) => (
          <Boundary what="What the campaign supports" twin={twin}>
            <Head answer={answer} />
          </Boundary>
        )}
      </Await>
      <Await loaded={cycles} what="The cycles">
        {(value) => (
          <>
            <Boundary what="The strip of cycles" twin={`${twin}/cycles`}>
              <Strip cycles={value.cycles} more={value.more} />
            </Boundary>
            <Ready isReady={sums.kind === 'ready'} />
          </>
        )}
      </Await>
      <Boundary key={against} what="The comparison">
        <ComparisonPart campaign={campaign} against={against} />
      </Boundary>
      {cycles.kind === 'ready' ? (
        <Boundary what="The rates" twin={`${twin}/cycles`}>
          <Rates cycles={cycles.value.cycles} rates={rates} />
        </Boundary>
      ) : null}
      {sums.kind === 'ready' ? (
        <>
          <Boundary what="The exposure" twin={twin}>
            <Exposure answer={sums.value} />
          </Boundary>
          <Boundary what="What was lost" twin={twin}>
            <Losses answer={sums.value} />
          </Boundary>
          <Boundary what="The latency" twin={twin}>
            <Latency measures={sums.value.summary.measures} verified={sums.value.summary.verified} />
          </Boundary>
          <Boundary what="The advice" twin={twin}>
            <Advice answer={sums.value} />
          </Boundary>
          <Boundary what="The setup" twin={twin}>
            <Setup setup={sums.value.setup} runs={sums.value.summary.runs} />
          </Boundary>
        </>
      ) : null}
      {cycles.kind === 'ready' ? (
        <Boundary what="The list of runs" twin={`${twin}/cycles`}>
          <Runs cycles={cycles.value.cycles} />
        </Boundary>
      ) : null}
    </>
  )
}

/** Marks the moment at which the first screen is there, for whoever measures. */
function Ready({ isReady }: { readonly isReady: boolean }): ComponentChild {
  useEffect(() => {
    if (!isReady) return
    const frame = requestAnimationFrame(() => performance.mark('view-ready'))
    return () => cancelAnimationFrame(frame)
  }, [isReady])
  return null
}

function Unknown({ campaign }: { readonly campaign: string }): ComponentChild {
  return (
    <Page title={`Campaign ${campaign}`} heading={campaign}>
      <Empty title="This collector has no run of a campaign of that name.">
        <p>
          Look for it among <a href={campaignsLink()}>all campaigns</a>, or start it:{' '}
          <code>
            plugpull loop --collector {location.origin} --campaign {shellWord(campaign)} --rig sim --cycles 20
          </code>
        </p>
      </Empty>
    </Page>
  )
}
