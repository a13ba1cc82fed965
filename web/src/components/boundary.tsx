/**
 * What cannot be drawn takes itself away and nothing else: a run comes from any agent, and one field that is not what it should be
 * must not cost the user the rest of the page. Only drawing is caught; refusals of the collector are states.tsx's.
 */
import { Component, type ComponentChild, type ComponentChildren } from 'preact'
import { JsonLink } from './json-link.tsx'

export interface BoundaryProps {
  /** What cannot be shown, as a sentence begins with it: `The timeline`. */
  readonly what: string
  /** Where the same is as JSON, from `/v1/`. */
  readonly twin?: string
  readonly children?: ComponentChildren
}

interface BoundaryState {
  readonly failure: string | undefined
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { failure: undefined }

  override componentDidCatch(error: unknown): void {
    console.error(`${this.props.what} cannot be drawn`, error)
    this.setState({ failure: error instanceof Error ? error.message : String(error) })
  }

  override render({ what, twin, children }: BoundaryProps, { failure }: BoundaryState): ComponentChild {
    if (failure === undefined) return children
    return (
      <div class="state failed" role="alert">
        <p class="state-title">
          <span aria-hidden="true">⚠ </span>
          {what} cannot be drawn
        </p>
        <p>
          Something in the data is not as agents and verify write it: <code>{failure}</code>.{' '}
          {twin === undefined ? 'The JSON of this page' : <JsonLink address={twin} />} shows the data as it is;
          verifying the run again writes a new verdict.
        </p>
        <button type="button" onClick={() => this.setState({ failure: undefined })}>
          Try again
        </button>
      </div>
    )
  }
}
