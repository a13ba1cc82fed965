/**
 * HTML and SVG from data. What is a string is text and gets escaped; only what these functions made is markup, so nothing that a
 * run carries can become an element, an attribute or a script.
 */
import { escapeAttribute, escapeText } from '../../../core/xml.ts'

export interface Markup {
  readonly markup: string
}
export type Content = string | Markup

type Attributes = Readonly<Record<string, string | number | undefined>>

/** Elements of HTML that have no end tag. */
const VOID: ReadonlySet<string> = new Set(['meta'])

/** An element around text and elements. An attribute that is undefined is left out. */
export function el(name: string, attributes: Attributes, ...content: readonly Content[]): Markup {
  const written = Object.entries(attributes)
    .map(([key, value]) => (value === undefined ? '' : ` ${key}="${escapeAttribute(String(value))}"`))
    .join('')
  const inner = content.map((part) => (typeof part === 'string' ? escapeText(part) : part.markup)).join('')
  return { markup: VOID.has(name) ? `<${name}${written}>` : `<${name}${written}>${inner}</${name}>` }
}

/** Elements one after the other, each on a line of its own. */
export const join = (parts: readonly Markup[]): Markup => ({ markup: parts.map(({ markup }) => markup).join('\n') })

/** A table with a caption, heads with their scope, and a way to reach what does not fit. `numbers`: columns aligned to the right. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Content[])[],
  numbers: ReadonlySet<number> = new Set(),
): Markup {
  const kind = (column: number): string | undefined => (numbers.has(column) ? 'n' : undefined)
  const cells = (row: readonly Content[]): readonly Markup[] =>
    row.map((cell, column) =>
      column === 0 ? el('th', { scope: 'row' }, cell) : el('td', { class: kind(column) }, cell),
    )
  const heads = head.map((name, column) => el('th', { scope: 'col', class: kind(column) }, name))
  return el(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 },
    el(
      'table',
      {},
      el('caption', {}, el('span', {}, caption)),
      el('thead', {}, el('tr', {}, ...heads)),
      el('tbody', {}, join(rows.map((row) => el('tr', {}, ...cells(row))))),
    ),
  )
}

/** A picture with its words: a name, and what is to be seen in it. */
export function picture(
  id: string,
  size: { readonly width: number; readonly height: number },
  title: string,
  description: string,
  ...content: readonly Content[]
): Markup {
  const { width, height } = size
  const names = { title: `${id}-title`, desc: `${id}-desc` }
  return el(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-labelledby': `${names.title} ${names.desc}`,
    },
    el('title', { id: names.title }, title),
    el('desc', { id: names.desc }, description),
    ...content,
  )
}
