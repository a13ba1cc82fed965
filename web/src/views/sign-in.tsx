/** Asks for a token; the collector keeps it in a cookie that scripts cannot read, and the user goes on to where they were. */
import type { ComponentChild } from 'preact'
import { useState } from 'preact/hooks'
import { getJson, type Refusal, sendJson } from '../api.ts'
import { Page } from '../components/page.tsx'
import { navigate, query } from '../router.ts'

export function SignInView(): ComponentChild {
  const [token, setToken] = useState('')
  const [refusal, setRefusal] = useState<Refusal>()
  const [isBusy, setBusy] = useState(false)
  const signIn = async (): Promise<void> => {
    setBusy(true)
    const answer = await sendJson<unknown>('POST', '/v1/session', { token: token.trim() })
    const isIn = answer.kind === 'ok' || (answer.refusal.status === 401 && (await needsNoToken()))
    setBusy(false)
    if (isIn) navigate(placeAfter(query.peek().get('to')), { replace: true })
    else setRefusal(answer.refusal)
  }
  return (
    <Page title="Sign in">
      <form
        class="sign-in"
        onSubmit={(event) => {
          event.preventDefault()
          void signIn()
        }}
      >
        <p>
          This collector asks for a token. Whoever runs it makes one with{' '}
          <code>plugpull token create --role reader</code>.
        </p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="current-password"
          required
          value={token}
          aria-invalid={refusal !== undefined}
          aria-describedby="token-refused"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="token-refused" class="refused" role="alert">
          {refusal === undefined ? '' : refusalText(refusal)}
        </p>
        <button type="submit" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </Page>
  )
}

/** Where nobody is asked for a token none is right, and this view, which somebody was once led to, would be a dead end. */
async function needsNoToken(): Promise<boolean> {
  const session = await getJson<{ readonly by: string }>('/v1/session')
  return session.kind === 'ok' && session.value.by === 'loopback'
}

const refusalText = ({ status, message }: Refusal): string =>
  status === 401 ? 'That token is not known here, has ended, or was revoked.' : message

/** Only a path of this page: an address elsewhere has no business in a link to us. */
const placeAfter = (to: string | null): string =>
  to !== null && /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in') ? to : '/'
