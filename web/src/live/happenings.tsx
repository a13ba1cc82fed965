/**
 * Cuts and verdicts as they come, the newest first, and runs that ended without either. A log for screen readers, but a silent one: they are told in sums
 * (summary.ts), because a busy rig cuts faster than anybody can listen.
 */
import type { ComponentChild } from 'preact'
import type { CutRecord } from '../../../src/core/campaign/campaign.ts'
import type { RunOutcome } from '../../../src/core/campaign/facts.ts'
import { formatBytes, formatCount, formatMs } from '../../../src/core/size.ts'
import { Time } from '../components/time.tsx'
import { type State, Word } from '../components/word.tsx'
import { campaignLink, runLink } from '../links.ts'
import { verifyCommand } from '../shell.ts'
import type { Happening } from './live-store.ts'

export function Happenings({ happenings }: { readonly happenings: readonly Happening[] }): ComponentChild {
  return (
    <div class="happenings" role="log" aria-live="off" aria-label="Cuts and verdicts, the newest first" tabIndex={0}>
      <ol class="plain">
        {happenings.map((happening) => (
          <li key={`${happening.line.run} ${happening.kind}`}>
            <Time iso={happening.at} />
            <HappeningWord happening={happening} />
            <span class="what">
              <What happening={happening} />
            </span>
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

function HappeningWord({ happening }: { readonly happening: Happening }): ComponentChild {
  switch (happening.kind) {
    case 'cut':
      return <PlainWord glyph="⚡" text={happening.cut.died ? 'cut' : 'cut failed'} />
    case 'ended':
      return <PlainWord glyph="■" text={happening.failed ? 'agent failed' : 'ended'} />
    case 'verdict':
      return <VerdictWord outcome={happening.outcome} />
  }
}

function PlainWord({ glyph, text }: { readonly glyph: string; readonly text: string }): ComponentChild {
  return (
    <span class="word none">
      <span class="glyph" aria-hidden="true">
        {glyph}
      </span>
      {text}
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

function What({ happening }: { readonly happening: Happening }): ComponentChild {
  switch (happening.kind) {
    case 'cut':
      return cutText(happening.cut)
    case 'verdict':
      return outcomeText(happening.outcome)
    case 'ended':
      return (
        <>
          {happening.failed ? 'failed before a cut' : 'ended by itself, no cut'}; verify it with{' '}
          <code>{verifyCommand(happening.line)}</code>
        </>
      )
  }
}

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
