/** The HTML report: whole, alone, escaped, and told to those who do not see it; how it looks is looked at in a browser. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNamed } from '../../src/collector/report/registry.ts'
import { collectReport, type Report, sourceOfStore } from '../../src/collector/report/report-data.ts'
import { parseXml, type XmlElement } from '../verify/report/xml-reader.ts'
import { runId } from './helpers.ts'
import { addCampaign, HELD, MIXED, NASTY, openFixture, reportOf, VIOLATION } from './report-fixture.ts'

const render = (report: Report): string => formatNamed('html')?.render(report) ?? assert.fail('no html')

/** As XML, which it is but for its first line and the elements without an end. */
function read(page: string): XmlElement {
  const [first, ...rest] = page.split('\n')
  assert.equal(first, '<!doctype html>')
  const closed = rest
    .join('\n')
    .trimEnd()
    .replaceAll(/<(meta [^>]*)>/g, '<$1/>')
  return parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${closed}`)
}

function all(element: XmlElement, name: string): readonly XmlElement[] {
  const below = element.children.flatMap((child) => all(child, name))
  return element.name === name ? [element, ...below] : below
}

const textOf = (element: XmlElement): string => element.text + element.children.map(textOf).join('')

const one = (page: XmlElement, name: string): XmlElement => all(page, name)[0] ?? assert.fail(`no ${name}`)

test('loads nothing, runs nothing, and whatever the names are, they are text', async (t) => {
  const lying = { ...VIOLATION, labels: { fault: NASTY, cache: '<script>x</script>' }, cut: { kind: '</td><script>' } }
  const text = render(await reportOf(t, [...MIXED, lying], NASTY))
  const page = read(text)
  for (const name of ['script', 'link', 'img', 'iframe', 'object', 'b', 'a'])
    assert.deepEqual(all(page, name), [], name)
  assert.doesNotMatch(text, /\bsrc=|href=|url\(|@import|<[^>]* on[a-z]+=/)
  assert.equal(textOf(one(page, 'h1')), `Campaign ${NASTY}`)
  assert.match(textOf(one(page, 'body')), /injected in 1 of 6 runs, so the figures are of runs with and without it/)
})

test('tables have captions and heads with their scope, pictures a title and a description', async (t) => {
  const page = read(render(await reportOf(t, MIXED)))
  const tables = all(page, 'table')
  assert(tables.length >= 3)
  for (const table of tables) {
    assert.notEqual(textOf(one(table, 'caption')), '')
    for (const head of all(table, 'th')) assert.match(head.attributes.get('scope') ?? '', /^(col|row)$/)
  }
  const pictures = all(page, 'svg').filter((svg) => svg.attributes.get('aria-hidden') === undefined)
  assert(pictures.length >= 6)
  for (const svg of pictures) {
    const names = [one(svg, 'title'), one(svg, 'desc')]
    assert.equal(svg.attributes.get('role'), 'img')
    assert.equal(svg.attributes.get('aria-labelledby'), names.map((name) => name.attributes.get('id')).join(' '))
    for (const name of names) assert.notEqual(textOf(name), '')
  }
  const ids = [...render(await reportOf(t, MIXED)).matchAll(/ id="([^"]*)"/g)].map((match) => match[1])
  assert.equal(new Set(ids).size, ids.length)
})

test('every run stands in the cells and in the table, as the summary counts it', async (t) => {
  const runs = Array.from({ length: 60 }, (_, index) => (index === 54 ? VIOLATION : HELD))
  const page = read(render(await reportOf(t, [...runs, ...MIXED])))
  const cells = all(page, 'svg').filter((svg) => textOf(svg).startsWith('Runs '))
  assert.deepEqual(
    cells.map((svg) => [textOf(one(svg, 'title')), textOf(one(svg, 'desc'))]),
    [
      ['Runs 1–50', '50 held'],
      ['Runs 51–65', '10 held, 2 violation, 1 inconclusive, 1 without a cut, 1 not verified'],
    ],
  )
  const ids = Array.from({ length: 65 }, (_, index) => runId(index + 1))
  assert.deepEqual(all(page, 'code').map(textOf), ids)
})

test('histograms tell every class with its count, and the empty ones between', async (t) => {
  const page = read(render(await reportOf(t, [HELD, HELD])))
  const description = (title: string): string => {
    const svg = all(page, 'svg').find((each) => all(each, 'title').some((name) => textOf(name) === title))
    return textOf(one(svg ?? assert.fail(title), 'desc'))
  }
  assert.match(description('Age of lost writes'), /below 1\.0 ms: 2; 1\.0 ms – 2\.0 ms: 0; .* 500 ms – 1\.0 s: 2\.$/)
  assert.match(description('Tear offsets'), /inside a sector: 2; 4 KiB: 4\.$/)
  assert.match(description('Reordering distance in writes'), /2 – 5: 2\.$/)
  assert.match(textOf(read(render(await reportOf(t, [{}])))), /No verdict of this campaign carries measures/)
})

test('against another campaign: its rates and p stand beside', async (t) => {
  const { store } = await openFixture(t)
  await addCampaign(store, 'one', [VIOLATION, VIOLATION, VIOLATION, VIOLATION])
  await addCampaign(store, 'two', [HELD, HELD, HELD, HELD], 10)
  const report = await collectReport(sourceOfStore(store), 'one', 'two')
  await store.close()
  const page = read(render(report))
  const row = all(page, 'tr').find((each) => textOf(each).startsWith('contract broken'))
  assert.deepEqual((row ?? assert.fail('no row')).children.map(textOf), [
    'contract broken',
    '4 of 4: 100.0 % (47.3–100.0 %)',
    '0 of 4: below 52.7 %',
    '0.0286',
  ])
  assert.match(textOf(page), /Compared with campaign two: 4 runs: 4 held/)
  const markdown = formatNamed('markdown')?.render(report) ?? ''
  assert.match(markdown, /\| contract broken \| 4 of 4: .* \| 0 of 4: below 52\.7 % \| 0\.0286 \|/)
})
