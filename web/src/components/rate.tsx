/** A share of runs with its 95 % interval: the words, and a bar that shows the same (and so is hidden from screen readers). */
import type { ComponentChild } from 'preact'
import { type Proportion, rateText } from '../../../src/core/statistics.ts'

export type RateTone = 'violation' | 'hazard' | 'neutral'

export function Rate({
  rate,
  tone = 'neutral',
  label,
}: {
  readonly rate: Proportion
  readonly tone?: RateTone
  /** In front of the words, for those who do not see a heading over it. */
  readonly label?: string
}): ComponentChild {
  return (
    <span class="rate">
      <RateBar rate={rate} tone={tone} />
      <span>
        {label === undefined ? null : `${label} `}
        {rateText(rate)}
      </span>
    </span>
  )
}

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`

/** The share as a bar and the interval as a whisker over it; MUST stand beside words that say the same. */
export function RateBar({ rate, tone }: { readonly rate: Proportion; readonly tone: RateTone }): ComponentChild {
  const share = rate.of === 0 ? 0 : rate.count / rate.of
  return (
    <span class={`rate-bar ${tone}`} aria-hidden="true">
      <span class="rate-share" style={{ width: percent(share) }} />
      {rate.of === 0 ? null : (
        <span class="rate-interval" style={{ left: percent(rate.low), width: percent(rate.high - rate.low) }} />
      )}
    </span>
  )
}
