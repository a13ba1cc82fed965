/** The little XML that reports need: elements with attributes, and text that is always escaped. */

/** Everything but the characters of XML 1.0: control characters, halves of surrogate pairs. Not even escapes allow them. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

/** Text between tags. */
export const escapeText = (text: string): string =>
  text.replaceAll(FORBIDDEN, '\uFFFD').replaceAll(/[&<>\r]/g, (character) => ESCAPES[character] ?? '')

/** Text of an attribute; line feeds and tabs are kept. */
export const escapeAttribute = (text: string): string =>
  text.replaceAll(FORBIDDEN, '\uFFFD').replaceAll(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? '')

/** An element around escaped text (a string) or around elements made by this function (an array). */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: string | readonly string[] = '',
): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
    .join('')
  if (content.length === 0) return `<${name}${written}/>`
  const inner = typeof content === 'string' ? escapeText(content) : `\n${content.join('\n')}\n`
  return `<${name}${written}>${inner}</${name}>`
}

/** A whole document around its one element. */
export const xmlDocument = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`
