/** A strict reader of the XML that reports write, so that a test knows it is well-formed: throws on anything else. */
import assert from 'node:assert/strict'

export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: XmlElement[]
  text: string
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const TOKEN = /<(\/?)([A-Za-z][\w-]*)((?: [A-Za-z][\w-]*="[^"<]*")*)(\/?)>|([^<]+)/gy
const ATTRIBUTE = / ([A-Za-z][\w-]*)="([^"]*)"/g

function unescape(text: string): string {
  assert.doesNotMatch(text.replaceAll(/&(?:#\d+|[a-z]+);/g, ''), /&/, 'a bare ampersand')
  return text.replaceAll(/&(?:#(\d+)|([a-z]+));/g, (_, code: string | undefined, name: string | undefined) => {
    const character = code === undefined ? ENTITIES[name ?? ''] : String.fromCodePoint(Number(code))
    assert.ok(character !== undefined, `entity ${name} is unknown`)
    return character
  })
}

/** The one element of a document. */
export function parseXml(document: string): XmlElement {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
  assert.ok(document.startsWith(head), 'the document begins with its declaration')
  assert.doesNotMatch(document, /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u, 'a forbidden character')
  const root: XmlElement = { name: '', attributes: new Map(), children: [], text: '' }
  const open = [root]
  const body = document.slice(head.length)
  let end = 0
  for (const match of body.matchAll(TOKEN)) {
    end = match.index + match[0].length
    const parent = open.at(-1)
    assert.ok(parent !== undefined)
    take(match, parent, open)
  }
  assert.equal(end, body.length, `not XML: ${body.slice(end, end + 40)}`)
  assert.equal(open.length, 1, 'every element is closed')
  assert.equal(root.children.length, 1, 'a document has one element')
  const only = root.children[0]
  assert.ok(only !== undefined)
  return only
}

function take(match: RegExpExecArray, parent: XmlElement, open: XmlElement[]): void {
  const [, closing, name = '', attributes = '', empty, text] = match
  if (text !== undefined) {
    parent.text += unescape(text)
  } else if (closing === '/') {
    assert.equal(parent.name, name, `</${name}> closes <${parent.name}>`)
    open.pop()
  } else {
    const pairs = [...attributes.matchAll(ATTRIBUTE)].map(([, key = '', value = '']) => [key, unescape(value)] as const)
    assert.equal(new Map(pairs).size, pairs.length, `<${name}> has an attribute twice`)
    const element: XmlElement = { name, attributes: new Map(pairs), children: [], text: '' }
    parent.children.push(element)
    if (empty !== '/') open.push(element)
  }
}
