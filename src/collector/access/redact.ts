/**
 * Keeps secrets out of the log, whatever a message or an error has in it: tokens and run keys by their form, what follows
 * `Bearer` or stands in a cookie, passwords in the URL of a database, and the query of every address.
 *
 * What a line has in it may come from a stranger, so a line is cut to a size before it is looked at, and no rule may look
 * at a character more than a few times: what follows a beginning is taken whole, and judged only then.
 */
type Rule = readonly [pattern: RegExp, replacement: (found: string, ...parts: string[]) => string]

const after: Rule[1] = (_found, beginning = '') => `${beginning}[secret]`

export const RULES: readonly Rule[] = [
  [/pp_[a-z]_[\w-]{20,}/g, () => '[secret]'],
  [/(bearer\s+)[^\s"\\]+/gi, after],
  [/(plugpull_session(?:_\d+)?=)[^\s;"\\]+/g, after],
  [/(postgres(?:ql)?:\/\/)([^\s"]*)/gi, (found, scheme = '', rest = '') => withoutUser(scheme, rest) ?? found],
  [/((?:password|passwd|pwd)=)[^\s&"\\]+/gi, after],
  [
    /("(?:authorization|cookie|set-cookie|plugpull-run-key|password|token)":)"[^"\\]*(?:\\.[^"\\]*)*"/gi,
    (_found, name = '') => `${name}"[secret]"`,
  ],
  // Of a path of ours; `?` in prose is followed by a blank.
  [
    /([\w./:%~-]+)(\?[\w.%~+-]+=[^\s"\\]*)?/g,
    (found, path = '', query) => (query !== undefined && path.includes('/') ? `${path}?[query]` : found),
  ],
]

function withoutUser(scheme: string, rest: string): string | undefined {
  const end = rest.lastIndexOf('@')
  return end < 0 ? undefined : `${scheme}[secret]${rest.slice(end)}`
}

/** A longer line says no more to whoever reads it. */
export const LINE_LENGTH_MAX = 8192
/** What a member of a longer line keeps. */
const MEMBER_LENGTH_MAX = 2000

/** A line of at most that length, an object as before. */
function shortened(line: string): string {
  if (line.length <= LINE_LENGTH_MAX) return line
  const members: [string, unknown][] = []
  let length = 0
  for (const [name, value] of membersOf(line)) {
    const text = JSON.stringify(value)
    const kept = text.length <= MEMBER_LENGTH_MAX ? value : `${wordsOf(text)}… (${text.length} characters)`
    length += JSON.stringify([name, kept]).length
    if (length < LINE_LENGTH_MAX) members.push([name, kept])
  }
  return `${JSON.stringify(Object.fromEntries(members))}\n`
}

function membersOf(line: string): readonly [string, unknown][] {
  try {
    return Object.entries(JSON.parse(line))
  } catch {
    return [['msg', line]]
  }
}

/** The beginning, to the end of a word: half a secret is not known for one. */
function wordsOf(text: string): string {
  const head = text.slice(0, MEMBER_LENGTH_MAX)
  return head.slice(0, Math.max(head.lastIndexOf(' '), head.lastIndexOf('"')))
}

/** `secrets`: others that are known, such as the token of --token-file. */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // A shorter one would black out half the log, and is no secret.
  const known = secrets.filter((secret) => secret.length >= 4)
  return (line) => {
    let clean = shortened(line)
    for (const secret of known) clean = clean.replaceAll(secret, '[secret]')
    for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement)
    return clean
  }
}
