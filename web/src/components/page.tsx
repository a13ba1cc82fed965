/**
 * A view's frame: heading, title of the document, the link to its JSON twin. The heading takes the focus when the user
 * came here from another view, so that keyboards and screen readers begin where the eye does.
 */
import type { ComponentChild, ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { visits } from '../router.ts'
import { JsonLink } from './json-link.tsx'

export interface PageProps {
  readonly title: string
  /** The heading where it says more than the title. */
  readonly heading?: ComponentChild
  /** The address of the same as JSON, from `/v1/`. */
  readonly twin?: string
  /** Beside the heading, on its right. */
  readonly aside?: ComponentChild
  readonly children?: ComponentChildren
}

export function Page({ title, heading, twin, aside, children }: PageProps): ComponentChild {
  const top = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = title === 'plugpull' ? title : `${title} – plugpull`
  }, [title])
  useEffect(() => {
    if (visits.peek() > 0) top.current?.focus({ preventScroll: true })
  }, [])
  return (
    <>
      <div class="page-head">
        <h1 ref={top} tabIndex={-1}>
          {heading ?? title}
        </h1>
        <div class="page-aside">
          {aside}
          {twin === undefined ? null : <JsonLink address={twin} />}
        </div>
      </div>
      {children}
    </>
  )
}
