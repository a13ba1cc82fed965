/**
 * Cuts and verdicts as they come, the newest first. A log for screen readers, but a silent one: they are told in sums
 * (summary.ts), because a busy rig cuts faster than anybody can listen.
 */
import type { ComponentChild } from 'preact'
import type { CutRecord } from '../../../src/core/campaign/campaign.ts'
import type { RunOutcome } from '../../../src/core/campaign/facts.ts'
import { formatBytes, formatCount, formatMs } from '../../../src/core/size.ts'
import { Time } from '../components/time.tsx'
import { type State, Word } from '../components/word.tsx'
import { campaignLink, runLink } from '../links.ts'
import type { Happening } from './live-store.ts'

export function Happenings({ happenings }: { readonly happenings: readonly Happening[] }): ComponentChild {
  return (
    <div class="happenings" role="log" aria-live="off" aria-label="Cuts and verdicts, the newest first" tabIndex={0}>
      <ol class="plain">
        {happenings.map((happening) => (
          <li key={`${happening.line.run} ${happening.kind}`}>
            <Time iso={happening.at} />
            {happening.kind === 'cut' ? (
              <CutWord died={happening.cut.died} />
            ) : (
              <VerdictWord outcome={happening.outcome} />
            )}
            <span class="what">{textOf(happening)}</span>
            <span class="where">
              <a href={campaignLink(happening.line.campaign)}>{happening.line.campaign}</a>{' '}
              <a class="mono" href={runLink(happening.line.run)}>
                {happening.line.run}
              </a>
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}

function CutWord({ died }: { readonly died: boolean }): ComponentChild {
  return (
    <span class="word none">
      <span class="glyph" aria-hidden="true">
        ⚡
      </span>
      {died ? 'cut' : 'cut failed'}
    </span>
  )
}

/** A verdict whose run shows lost, torn or reordered writes that nothing had promised is held all the same. */
export function stateOf({ word, lost, torn, reordered }: RunOutcome): State {
  return word === 'held' && lost + torn + reordered > 0 ? 'hazard' : word
}

function VerdictWord({ outcome }: { readonly outcome: RunOutcome }): ComponentChild {
  const state = stateOf(outcome)
  return <Word state={state} text={state === 'hazard' ? 'held, hazards' : undefined} />
}

const textOf = (happening: Happening): string =>
  happening.kind === 'cut' ? cutText(happening.cut) : outcomeText(happening.outcome)

function cutText({ kind, signal, target, died }: CutRecord): string {
  const how = signal === undefined || signal.toLowerCase() === kind.toLowerCase() ? kind : `${kind} (${signal})`
  return `${how}${target === undefined ? '' : ` of ${target.what}`}${died ? '' : ': the target did not die'}`
}

function outcomeText({ lost, torn, reordered, other, lostBytes, oldestLostMs, liedFlushes }: RunOutcome): string {
  const counts = [
    [lost, 'lost'],
    [torn, 'torn'],
    [reordered, 'reordered'],
    [other, 'otherwise damaged'],
    [liedFlushes, 'flushes that lied'],
  ] as const
  const parts = [
    ...counts.filter(([count]) => count > 0).map(([count, what]) => `${formatCount(count)} ${what}`),
    ...(lostBytes === 0 ? [] : [`${formatBytes(lostBytes)} gone, up to ${formatMs(oldestLostMs)} old`]),
  ]
  return parts.length === 0 ? 'nothing lost, torn or reordered' : parts.join(', ')
}
