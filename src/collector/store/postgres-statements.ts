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
/** A statement that inserts many rows differs with their number, and its plan is large. */
const NAMED_VALUES_MAX = 64
/** Texts kept; one more is looked through each time. */
const TEXTS_MAX = 3000
/** Also a `?` in a string, a quoted name or a comment is found, and left alone. */
const PLACEHOLDER = /'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\?/g
const CAN_BE_PREPARED = /^\s*(?:select|insert|update|delete|with)\b/i

export class Statements {
  readonly #known = new Map<string, Statement>()
  #names = 0

  of(text: string, values = 0): Statement {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const numberedText = numbered(text)
    const isNamed = values <= NAMED_VALUES_MAX && this.#names < NAMES_MAX && CAN_BE_PREPARED.test(text)
    const statement = isNamed ? { text: numberedText, name: `plugpull_${++this.#names}` } : { text: numberedText }
    if (isNamed || this.#known.size < TEXTS_MAX) this.#known.set(text, statement)
    return statement
  }
}

function numbered(text: string): string {
  let count = 0
  return text.replace(PLACEHOLDER, (found) => (found === '?' ? `$${++count}` : found))
}
