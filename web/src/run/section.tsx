/** A part of the run view under its own heading, with what has to be known of it at once and the link to its JSON twin. */
import type { ComponentChild } from 'preact'
import { Boundary } from '../components/boundary.tsx'
import { JsonLink } from '../components/json-link.tsx'

export interface SectionProps {
  readonly title: string
  readonly twin: string
  /** Beside the title. */
  readonly aside?: string | undefined
  readonly children: ComponentChild
}

export function Section({ title, twin, aside, children }: SectionProps): ComponentChild {
  return (
    <section aria-label={title}>
      <div class="section-head">
        <h2>{title}</h2>
        {aside === undefined ? null : <strong class="section-aside">{aside}</strong>}
        <JsonLink address={twin} />
      </div>
      <Boundary what={`The ${title.toLowerCase()}`} twin={twin}>
        {children}
      </Boundary>
    </section>
  )
}
