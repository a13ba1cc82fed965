/** For whoever came by a cookie of this page: who they are, and the way out. Nobody else has anything to sign out of. */
import type { ComponentChild } from 'preact'
import { sendJson } from '../api.ts'
import { navigate, path } from '../router.ts'
import { useJson } from '../use-json.ts'

interface Session {
  readonly by: string
  readonly name: string
  readonly role: string
}

async function signOut(): Promise<void> {
  const answer = await sendJson<unknown>('DELETE', '/v1/session')
  if (answer.kind === 'ok') navigate('/sign-in')
}

export function SignOut(): ComponentChild {
  const session = useJson<Session>(path.value === '/sign-in' ? undefined : '/v1/session')
  if (session.kind !== 'ready' || session.value.by !== 'session' || path.value === '/sign-in') return null
  const { name, role } = session.value
  return (
    <div class="sign-out">
      <span class="muted" title={`a token of role ${role}`}>
        {name}
      </span>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </div>
  )
}
