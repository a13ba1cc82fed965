/**
 * Statements as PostgreSQL takes them: `?` becomes `$1`, `$2`, …, and each text gets a name, under which a connection
 * prepares it once. Texts are kept, so that they are looked through once.
 */

export interface Statement {
  readonly text: string
  /** Absent: not worth preparing. */
  readonly name?: string
}

/** Prepared statements take memory of every connection; a text beyond so many is sent as it is. */
const NAMES_MAX = 300
/** Also a `?` in a string, a quoted name or a comment is found, and left alone. */
const PLACEHOLDER = /'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\?/g
const CAN_BE_PREPARED = /^\s*(?:select|insert|update|delete|with)\b/i

export class Statements {
  readonly #known = new Map<string, Statement>()

  of(text: string): Statement {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const statement = numbered(text)
    if (this.#known.size >= NAMES_MAX || !CAN_BE_PREPARED.test(text)) return { text: statement }
    const named = { text: statement, name: `plugpull_${this.#known.size + 1}` }
    this.#known.set(text, named)
    return named
  }
}

function numbered(text: string): string {
  let count = 0
  return text.replace(PLACEHOLDER, (found) => (found === '?' ? `$${++count}` : found))
}
