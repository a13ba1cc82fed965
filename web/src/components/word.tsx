/**
 * The state of a run or of a configuration as a badge: a word, a glyph and a colour, so that none of them has to carry the
 * meaning alone. `hazard`: no promise was broken, but writes that none covered were lost, torn or reordered. `none`: no verdict yet.
 */
import type { ComponentChild } from 'preact'

export const STATES = ['violation', 'hazard', 'held', 'inconclusive', 'none'] as const
export type State = (typeof STATES)[number]

export const GLYPHS: Readonly<Record<State, string>> = {
  violation: '✕',
  hazard: '▲',
  held: '✓',
  inconclusive: '?',
  none: '·',
}

export const STATE_TEXTS: Readonly<Record<State, string>> = {
  violation: 'violation',
  hazard: 'hazards',
  held: 'held',
  inconclusive: 'inconclusive',
  none: 'no verdict yet',
}

export function Word({ state, text }: { readonly state: State; readonly text?: string | undefined }): ComponentChild {
  return (
    <span class={`word ${state}`}>
      <span class="glyph" aria-hidden="true">
        {GLYPHS[state]}
      </span>
      {text ?? STATE_TEXTS[state]}
    </span>
  )
}
