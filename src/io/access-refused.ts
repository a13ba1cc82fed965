/**
 * What a collector says to those who may not do what they ask, for the command line: over HTTP the way out is a header or a
 * page to sign in at, here it is --token-file with a token of a role that may (docs/ACCESS.md).
 */

export interface RefusedRequest {
  readonly method: string
  readonly path: string
}

export const isAboutAccess = (code: string): boolean => code === 'UNAUTHORIZED' || code === 'FORBIDDEN'

/** The collector's reason, with what to do here. */
export function accessRefused(message: string, { method, path }: RefusedRequest): string {
  const [reason = ''] = message.split(': send "Authorization', 1)
  // What is refused whatever the role, such as a name that may be anybody's, has its own way out in the message.
  if (reason === message && !/\bof role \w+/.test(message)) return message
  return `${reason}; give --token-file FILE with one of role ${rolesFor(method, path)}; plugpull token create makes tokens`
}

/** Who may do it, the least first. */
function rolesFor(method: string, path: string): string {
  if (/^\/v1\/(tokens|prune)\b/.test(path)) return 'admin'
  if (method === 'GET') return path === '/v1/session' ? 'orchestrator or admin' : 'reader, orchestrator or admin'
  return /^\/v1\/runs(\/[^/]*\/log.*)?$/.test(path) ? 'enrolment, orchestrator or admin' : 'orchestrator or admin'
}
