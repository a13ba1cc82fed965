/** The live view. */
import type { ComponentChild } from 'preact'
import { Page } from '../components/page.tsx'

export function LiveView(): ComponentChild {
  return <Page title="Live" twin="/v1/live" />
}
