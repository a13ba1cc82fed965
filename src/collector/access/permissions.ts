/**
 * Who may do what: the one table. The gate enforces it, docs/ACCESS.md prints it, the tests try each of its cells against a
 * running collector. A route that is registered and not in it ends the start of the collector: nobody can forget one.
 */
import { ROLES, type Role } from '../store/store.ts'

/** `own run`: the run that the same agent created, which it proves by the run's key (run-keys.ts). */
export type Grant = 'yes' | 'own run' | 'no'
/** `open` needs no token. */
export type Permission = 'open' | Readonly<Record<Role, Grant>>

const to = (...roles: readonly Role[]): Permission => {
  const grant = (role: Role): Grant => (roles.includes(role) ? 'yes' : 'no')
  return {
    enrolment: grant('enrolment'),
    orchestrator: grant('orchestrator'),
    reader: grant('reader'),
    admin: grant('admin'),
  }
}
const ANY = to(...ROLES)
const READ = to('orchestrator', 'reader', 'admin')
const WRITE = to('orchestrator', 'admin')
const ADMIN = to('admin')
const OWN_RUN: Permission = { enrolment: 'own run', orchestrator: 'yes', reader: 'no', admin: 'yes' }

/** By method and route. HEAD is what GET is. */
export const PERMISSIONS: Readonly<Record<string, Permission>> = {
  'POST /v1/runs': OWN_RUN,
  'GET /v1/runs': READ,
  'GET /v1/runs/:run': READ,
  'POST /v1/runs/:run/log': OWN_RUN,
  'GET /v1/runs/:run/log': READ,
  'POST /v1/runs/:run/cut': WRITE,
  'POST /v1/runs/:run/verdicts': WRITE,
  'GET /v1/runs/:run/verdicts/:number': READ,
  'GET /v1/runs/:run/manifest': READ,
  'GET /v1/runs/:run/map': READ,
  'GET /v1/runs/:run/timeline': READ,
  'GET /v1/runs/:run/findings': READ,
  'GET /v1/runs/:run/findings/:number': READ,
  'GET /v1/campaigns': READ,
  'GET /v1/campaigns/:name': READ,
  'GET /v1/campaigns/:name/cycles': READ,
  'GET /v1/campaigns/:name/report': READ,
  'GET /v1/compare': READ,
  'GET /v1/matrix': READ,
  'GET /v1/live': READ,
  'GET /v1/events': READ,
  'GET /v1/export': READ,
  'POST /v1/import': WRITE,
  'POST /v1/prune': ADMIN,
  'POST /v1/tokens': ADMIN,
  'GET /v1/tokens': ADMIN,
  'DELETE /v1/tokens/:id': ADMIN,
  'POST /v1/session': 'open',
  'GET /v1/session': ANY,
  'DELETE /v1/session': 'open',
  'GET /metrics': READ,
  'GET /openapi.json': READ,
  'GET /health': 'open',
  'GET /': 'open',
  'GET /*': 'open',
  'GET /assets/:name': 'open',
}

/** `undefined` where the table has no such route. */
export const permissionOf = (method: string, route: string): Permission | undefined => {
  const key = `${method === 'HEAD' ? 'GET' : method} ${route}`
  return Object.hasOwn(PERMISSIONS, key) ? PERMISSIONS[key] : undefined
}
