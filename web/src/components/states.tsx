/** What stands in for content that is not there: on its way, none yet, or refused. Each says what to do next. */
import type { ComponentChild, ComponentChildren } from 'preact'
import type { Refusal } from '../api.ts'
import type { Loaded } from '../use-json.ts'

export function Loading({ what }: { readonly what: string }): ComponentChild {
  return (
    <p class="state loading" role="status">
      Loading {what} …
    </p>
  )
}

/** `children` say what to do about it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): ComponentChild {
  return (
    <div class="state empty">
      <p class="state-title">{title}</p>
      {children}
    </div>
  )
}

export function Failed({
  what,
  refusal,
  retry,
}: {
  readonly what: string
  readonly refusal: Refusal
  readonly retry?: () => void
}): ComponentChild {
  return (
    <div class="state failed" role="alert">
      <p class="state-title">
        <span aria-hidden="true">⚠ </span>
        {what} cannot be shown
      </p>
      <p>
        {refusal.message} <code>{refusal.code}</code>
      </p>
      {retry === undefined ? null : (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** The three ways of an answer; `children` shows it once it is there. */
export function Await<T>({
  loaded,
  what,
  children,
}: {
  readonly loaded: Loaded<T>
  readonly what: string
  readonly children: (value: T) => ComponentChild
}): ComponentChild {
  switch (loaded.kind) {
    case 'loading':
      return <Loading what={what} />
    case 'failed':
      return <Failed what={what} refusal={loaded.refusal} retry={loaded.retry} />
    case 'ready':
      return (
        <div class={loaded.isStale ? 'stale' : undefined} aria-busy={loaded.isStale}>
          {children(loaded.value)}
        </div>
      )
  }
}
