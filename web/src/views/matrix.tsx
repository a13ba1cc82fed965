/** The matrix view. */
import type { ComponentChild } from 'preact'
import { Page } from '../components/page.tsx'

export function MatrixView(): ComponentChild {
  return <Page title="Matrix" twin="/v1/matrix" />
}
