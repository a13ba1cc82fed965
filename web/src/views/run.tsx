/** The run view. */
import type { ComponentChild } from 'preact'
import { Page } from '../components/page.tsx'

export function RunView({ run }: { readonly run: string }): ComponentChild {
  return <Page title={`Run ${run}`} twin={`/v1/runs/${encodeURIComponent(run)}`} />
}
