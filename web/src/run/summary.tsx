/** A run at a glance: what the verdict says, what it was held to, how its power was cut, and everything to take away. */
import type { ComponentChild } from 'preact'
import type { CutRecord, RunView } from '../../../src/core/campaign/campaign.ts'
import { counted, formatBytes, formatCount, formatMs } from '../../../src/core/size.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { addressOf } from '../base.ts'
import { Time } from '../components/time.tsx'
import { type State, Word } from '../components/word.tsx'
import { campaignLink } from '../links.ts'
import { runPath } from './documents.ts'

export function stateOf(verdict: Verdict | undefined): State {
  if (verdict === undefined) return 'none'
  if (verdict.verdict !== 'held') return verdict.verdict
  return Object.values(verdict.hazards).some((count) => count > 0) ? 'hazard' : 'held'
}

export function Summary({ view }: { readonly view: RunView }): ComponentChild {
  const { verdict, manifest, campaign, cut, createdAt, bytes, run } = view
  return (
    <section class="card run-summary" aria-label="Summary">
      {verdict === undefined ? null : <VerdictWords verdict={verdict} />}
      <dl class="facts">
        <Fact name="Campaign">
          <a href={campaignLink(campaign)}>{campaign}</a>
        </Fact>
        <Fact name="Contract">
          <code>{verdict?.contract ?? manifest.contract}</code>
          {verdict !== undefined && verdict.contract !== manifest.contract ? (
            <span class="muted"> (the guest was told {manifest.contract})</span>
          ) : null}
        </Fact>
        <Fact name="Cut">{cut === undefined ? <span class="muted">not recorded</span> : <CutWords cut={cut} />}</Fact>
        <Fact name="Begun">
          <Time iso={createdAt} />
        </Fact>
        {verdict === undefined ? null : (
          <Fact name="Writes">
            {formatCount(verdict.checked.issuedWrites)} issued, {formatCount(verdict.checked.completeWrites)} completed,{' '}
            {formatCount(verdict.checked.stableWrites)} stable; {counted(verdict.checked.flushes, 'flush', 'flushes')}
          </Fact>
        )}
        <Fact name="Log">
          {formatBytes(bytes)}
          {verdict === undefined ? '' : `; last record ${formatMs(verdict.log.lastRecordMs)} into the run`}
        </Fact>
      </dl>
      <p class="take-away">
        {view.logPruned === undefined ? (
          <a href={addressOf(runPath(run, '/log'))} download={`${run}.log`}>
            Raw log
          </a>
        ) : (
          <span class="muted">log pruned {view.logPruned}</span>
        )}
        <a href={addressOf(runPath(run, '/manifest'))} download={`${run}.manifest.json`}>
          Manifest
        </a>
        {view.verdicts.map(({ number }) => (
          <a
            key={number}
            href={addressOf(runPath(run, `/verdicts/${number}`))}
            download={`${run}.verdict-${number}.json`}
          >
            Verdict{view.verdicts.length === 1 ? '' : ` ${number}`}
          </a>
        ))}
      </p>
    </section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChild }): ComponentChild {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function CutWords({ cut }: { readonly cut: CutRecord }): ComponentChild {
  const signal = cut.signal === undefined ? '' : `, ${cut.signal}`
  const target = cut.target === undefined ? '' : ` to ${cut.target.what} (pid ${cut.target.pid})`
  const others = (cut.alsoDied ?? []).length === 0 ? '' : `; ${(cut.alsoDied ?? []).join(', ')} went down with it`
  return (
    <>
      {cut.kind}
      {signal}
      {target} at <Time iso={cut.at} />
      {others}
      {cut.died ? '' : '; nothing was seen to die'}
    </>
  )
}

function VerdictWords({ verdict }: { readonly verdict: Verdict }): ComponentChild {
  const state = stateOf(verdict)
  return (
    <>
      <p class="lead">
        <Word state={state} /> {sentenceOf(verdict, state)}
      </p>
      {verdict.inconclusiveBecause.map((reason) => (
        <p key={reason}>Inconclusive because {reason}.</p>
      ))}
      {verdict.liedFlushes === 0 ? null : (
        <p>
          {counted(verdict.liedFlushes, 'flush', 'flushes')} completed and did nothing: every write that could be
          checked is missing.
        </p>
      )}
    </>
  )
}

const KIND_NAMES: Readonly<Record<string, string>> = { lost: 'lost', torn: 'torn', reordered: 'reordered' }

/** `7,141 lost, 2,301 torn`. */
function countsText(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  return parts.map(([kind, count]) => `${formatCount(count)} ${KIND_NAMES[kind] ?? kind}`).join(', ')
}

function sentenceOf(verdict: Verdict, state: State): string {
  const hazards = countsText({ ...verdict.hazards })
  const permitted = hazards === '' ? '' : ` Permitted by the contract: ${hazards}.`
  switch (state) {
    case 'violation': {
      const { lostBytes } = verdict.exposure
      const lost = lostBytes === 0 ? '' : `; ${formatBytes(lostBytes)} that had been promised are gone`
      return `The disk broke its promise: ${countsText({ ...verdict.violations })}${lost}.${permitted}`
    }
    case 'hazard':
      return `Every promise was kept; what was not promised was lost: ${hazards}.`
    case 'held':
      return 'Every promise was kept, and nothing else was lost either.'
    case 'inconclusive':
      return `Nothing can be said for or against the disk.${permitted}`
    case 'none':
      return ''
  }
}
