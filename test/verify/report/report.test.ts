import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { ProbeError } from '../../../src/core/errors.ts'
import { FINDING_KINDS } from '../../../src/core/finding.ts'
import { wantsColour } from '../../../src/verify/report/colour.ts'
import { json } from '../../../src/verify/report/json.ts'
import { junit } from '../../../src/verify/report/junit.ts'
import { drawPicture, pictureOf } from '../../../src/verify/report/picture.ts'
import { REPORTS, reportNamed } from '../../../src/verify/report/registry.ts'
import type { Neighbourhood } from '../../../src/verify/report/report.ts'
import { text } from '../../../src/verify/report/text.ts'
import { worstOf } from '../../../src/verify/report/worst.ts'
import { sampleMeasures } from '../../collector/helpers.ts'
import { assertGolden } from '../golden.ts'
import { held, inconclusive, lie, lost, misdirected, tear, tearPlace, violation } from './fixtures.ts'
import { type XmlElement, parseXml } from './xml-reader.ts'

const PLAIN = { colour: false }
const same = (piece: string): string => piece

describe('text report', () => {
  it('tells each verdict as the golden files do', () => {
    assertGolden('held.txt', text.render(held, PLAIN))
    assertGolden('violation.txt', text.render(violation, PLAIN))
    assertGolden('inconclusive.txt', text.render(inconclusive, PLAIN))
  })

  it('begins with the word of the verdict', () => {
    assert.match(text.render(held, PLAIN), /^HELD: /)
    assert.match(text.render(violation, PLAIN), /^VIOLATION: .*1 flush was a lie/)
    assert.match(text.render(inconclusive, PLAIN), /^INCONCLUSIVE: .*no write was stable/)
  })

  it('says the same in colour as without', () => {
    const coloured = text.render(violation, { colour: true })
    assert.notEqual(coloured, text.render(violation, PLAIN))
    assert.equal(stripVTControlCharacters(coloured), text.render(violation, PLAIN))
  })

  it('uses colour at a terminal only, and not where NO_COLOR is set', () => {
    assert.equal(wantsColour({ isTTY: true }, {}), true)
    assert.equal(wantsColour({}, {}), false)
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false)
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true)
    assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false)
  })

  it('says what was at risk when the cut came, where that was measured', () => {
    const measured = { ...inconclusive, verdict: { ...inconclusive.verdict, measures: sampleMeasures } }
    assert.match(
      text.render(measured, PLAIN),
      /at risk +no complete write was lost; when the cut came 3 complete writes were not stable yet, and 1 in flight\n/,
    )
  })

  it('says that the cut killed nothing', () => {
    assert.match(text.render(violation, PLAIN), /NOTHING WAS SEEN TO DIE/)
    assert.doesNotMatch(text.render(held, PLAIN), /NOTHING/)
  })
})

describe('picture', () => {
  it('draws the published tear', () => {
    const drawn = drawPicture(pictureOf(tearPlace), same)
    assert.equal(drawn.before, 'B   B A old')
    assert.equal(drawn.after, 'old B A old')
  })

  it('is as fine as a boundary in it needs', () => {
    const place = neighbourhood(8, [1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 0, 0, 0, 0])
    const picture = pictureOf(place)
    assert.equal(picture.blockSectors, 2)
    assert.equal(drawPicture(picture, same).after, 'A old old old')
  })

  it('joins equal blocks of a long write, and keeps their number', () => {
    const sectors = 2048
    const found = Array.from({ length: sectors }, (_, i) => (i < 1024 ? 3 : 0))
    const place = neighbourhood(
      0,
      Array.from({ length: sectors }, () => 3),
      found,
    )
    assert.equal(drawPicture(pictureOf(place), same).after, 'A×128 old×128')
  })

  it('cuts what does not fit, says so, and explains only what is drawn', () => {
    const writes = Array.from({ length: 40 * 8 }, (_, i) => 1 + Math.floor(i / 8))
    const picture = pictureOf(neighbourhood(0, writes, writes))
    assert.equal(picture.cut, true)
    assert.equal(picture.legend.length, 16)
    assert.match(drawPicture(picture, same).after, / …$/)
  })

  it('marks what differs', () => {
    assert.equal(drawPicture(pictureOf(tearPlace), (piece) => `<${piece}>`).after, '<old> B A old')
  })
})

function neighbourhood(lba: number, planned: number[], found: number[]): Neighbourhood {
  return {
    lba,
    planned,
    found: found.map((write) => (write === 0 ? { kind: 'baseline' } : { kind: 'version', write })),
    writes: new Map(),
  }
}

describe('worst findings', () => {
  it('puts a lie of a flush first, violations before hazards, and each kind before a second of any', () => {
    const hazards = [1, 2, 3].map((write) => ({ ...tear, write }))
    const more = [{ ...lost, write: 8, ageMs: 90_000 }, lost, misdirected, lie]
    assert.deepEqual(
      worstOf([...hazards, ...more], 5).map(({ kind, write, severity }) => `${severity} ${kind} ${write}`),
      ['violation lost 7', 'violation lost 8', 'violation misdirected 5', 'violation lost 7', 'hazard torn 1'],
    )
    assert.equal(worstOf([...hazards, ...more], 5)[0], lie)
    assert.equal(worstOf([], 5).length, 0)
  })
})

describe('json report', () => {
  it('is exactly the verdict', () => {
    assert.deepEqual(JSON.parse(json.render(violation, { colour: true })), violation.verdict)
  })
})

describe('junit report', () => {
  it('is as the golden files are', () => {
    assertGolden('held.xml', junit.render(held, PLAIN))
    assertGolden('violation.xml', junit.render(violation, PLAIN))
    assertGolden('inconclusive.xml', junit.render(inconclusive, PLAIN))
  })

  it('is well-formed XML that says back what needs escaping', () => {
    const properties = suiteOf(violation).children.find(({ name }) => name === 'properties')?.children ?? []
    const value = (name: string): string | undefined =>
      properties.find(({ attributes }) => attributes.get('name') === name)?.attributes.get('value')
    assert.equal(value('campaign'), 'a<b> & "c"')
    assert.equal(value('label.cache'), "un'safe\uFFFD")
    assert.equal(value('label.note'), 'line 1\nline 2')
  })

  it('has a case for every kind and one for the evidence, and counts the failed ones', () => {
    for (const [verification, failures, errors] of [
      [held, 0, 0],
      [violation, 4, 0],
      [inconclusive, 0, 1],
    ] as const) {
      const suite = suiteOf(verification)
      const cases = suite.children.filter(({ name }) => name === 'testcase')
      assert.equal(cases.length, FINDING_KINDS.length + 1)
      assert.equal(suite.attributes.get('tests'), String(cases.length))
      for (const [name, count] of [
        ['failure', failures],
        ['error', errors],
      ] as const) {
        const having = cases.filter(({ children }) => children.some((child) => child.name === name))
        assert.equal(having.length, count)
        assert.equal(suite.attributes.get(`${name}s`), String(count))
      }
    }
  })
})

function suiteOf(verification: typeof held): XmlElement {
  const suite = parseXml(junit.render(verification, PLAIN)).children[0]
  assert.ok(suite !== undefined)
  return suite
}

describe('registry', () => {
  it('finds each report by its name, and names them all where there is none', () => {
    for (const report of REPORTS) assert.equal(reportNamed(report.name), report)
    assert.throws(
      () => reportNamed('html'),
      (error) => error instanceof ProbeError && error.code === 'BAD_OPTION' && /text, json, junit/.test(error.message),
    )
  })
})
