/** Layout and the view that the address names. */
import type { ComponentChild } from 'preact'
import { announcement } from './announce.ts'
import { addressOf } from './base.ts'
import { Boundary } from './components/boundary.tsx'
import { SignOut } from './components/sign-out.tsx'
import { path } from './router.ts'
import { CampaignView } from './views/campaign.tsx'
import { CampaignsView } from './views/campaigns.tsx'
import { LiveView } from './views/live.tsx'
import { MatrixView } from './views/matrix.tsx'
import { NotFoundView } from './views/not-found.tsx'
import { RunView } from './views/run.tsx'
import { SignInView } from './views/sign-in.tsx'

export function App(): ComponentChild {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <main id="main" tabIndex={-1}>
        <Boundary key={path.value} what="This view">
          {viewOf(path.value)}
        </Boundary>
      </main>
      <output class="unseen" aria-live="polite">
        {announcement}
      </output>
    </>
  )
}

const NAV = [
  { to: '/', text: 'Matrix' },
  { to: '/live', text: 'Live' },
  { to: '/campaigns', text: 'Campaigns' },
] as const

function Header(): ComponentChild {
  const current = path.value
  const isHere = (to: string): boolean => (to === '/' ? current === '/' : current.startsWith(to))
  return (
    <header class="top">
      <a class="brand" href={addressOf('/')} aria-label="plugpull, to the matrix">
        <svg viewBox="0 0 32 32" aria-hidden="true" class="mark">
          <path d="M11 3v7M21 3v7" class="mark-line" />
          <path d="M7 10h18v5a9 9 0 0 1-18 0z" class="mark-body" />
          <path d="M16 24v2M16 29v1" class="mark-spark" />
        </svg>
        plugpull
      </a>
      <nav aria-label="Views">
        {NAV.map(({ to, text }) => (
          <a key={to} href={addressOf(to)} aria-current={isHere(to) ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <SignOut />
    </header>
  )
}

/** Each view begins anew when its path changes (`key`); a change of the query alone leaves it where it is. */
function viewOf(current: string): ComponentChild {
  const [, first = '', second, ...more] = current.split('/')
  const name = second === undefined || second === '' ? undefined : decoded(second)
  if (more.length > 0) return <NotFoundView key={current} />
  if (name === undefined) return topView(first, current)
  if (first === 'campaigns') return <CampaignView key={current} campaign={name} />
  if (first === 'runs') return <RunView key={current} run={name} />
  return <NotFoundView key={current} />
}

function topView(first: string, current: string): ComponentChild {
  switch (first) {
    case '':
      return <MatrixView key={current} />
    case 'live':
      return <LiveView key={current} />
    case 'campaigns':
      return <CampaignsView key={current} />
    case 'sign-in':
      return <SignInView key={current} />
    default:
      return <NotFoundView key={current} />
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
