/** An address that no view has. */
import type { ComponentChild } from 'preact'
import { Page } from '../components/page.tsx'
import { Empty } from '../components/states.tsx'
import { campaignsLink, matrixLink } from '../links.ts'
import { path } from '../router.ts'

export function NotFoundView(): ComponentChild {
  return (
    <Page title="Nothing here">
      <Empty title={`There is no view at ${path.value}.`}>
        <p>
          Begin at the <a href={matrixLink()}>matrix</a>, or look for a campaign among{' '}
          <a href={campaignsLink()}>all of them</a>.
        </p>
      </Empty>
    </Page>
  )
}
