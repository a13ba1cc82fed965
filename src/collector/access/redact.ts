/**
 * Keeps secrets out of the log, whatever a message or an error has in it: tokens and run keys by their form, what follows
 * `Bearer` or stands in a cookie, passwords in the URL of a database, and the query of every address.
 */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/pp_[a-z]_[\w-]{20,}/g, '[secret]'],
  [/(bearer\s+)[^\s"\\]+/gi, '$1[secret]'],
  [/(plugpull_session(?:_\d+)?=)[^\s;"\\]+/g, '$1[secret]'],
  [/(postgres(?:ql)?:\/\/)[^\s"]*@/gi, '$1[secret]@'],
  [/((?:password|passwd|pwd)=)[^\s&"\\]+/gi, '$1[secret]'],
  [/("(?:authorization|cookie|set-cookie|plugpull-run-key|password|token)":)"(?:[^"\\]|\\.)*"/gi, '$1"[secret]"'],
  // Of a path of ours; `?` in prose is followed by a blank.
  [/(\/[\w./:%~-]*)\?[\w.%~+-]+=[^\s"\\]*/g, '$1?[query]'],
]

/** `secrets`: others that are known, such as the token of --token-file. */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // A shorter one would black out half the log, and is no secret.
  const known = secrets.filter((secret) => secret.length >= 4)
  return (line) => {
    let clean = line
    for (const secret of known) clean = clean.replaceAll(secret, '[secret]')
    for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement)
    return clean
  }
}
