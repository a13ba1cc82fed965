/** Each format of a report read back as its readers do: JUnit, CSV and JSON lines; what some runs carry, and the exit status. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FAIL_ON, failStatus } from '../../src/collector/report/fail-on.ts'
import { CSV_COLUMNS } from '../../src/collector/report/csv.ts'
import { FORMATS, formatNamed } from '../../src/collector/report/registry.ts'
import type { Report } from '../../src/collector/report/report-data.ts'
import { parseXml, type XmlElement } from '../verify/report/xml-reader.ts'
import { HELD, INCONCLUSIVE, MIXED, NASTY, reportOf, UNCUT, VIOLATION } from './report-fixture.ts'
import { runId } from './helpers.ts'

const render = (name: string, report: Report): string => formatNamed(name)?.render(report) ?? assert.fail(name)

describe('junit', () => {
  test('a case for each run: a violation fails, what can neither acquit nor convict is skipped with its reason', async (t) => {
    const suites = parseXml(render('junit', await reportOf(t, MIXED)))
    const [suite] = childrenOf(suites, 'testsuite')
    assert(suite)
    assert.deepEqual(
      ['tests', 'failures', 'errors', 'skipped'].map((name) => suite.attributes.get(name)),
      ['6', '1', '0', '3'],
    )
    const cases = childrenOf(suite, 'testcase')
    assert.deepEqual(
      cases.map(({ attributes }) => attributes.get('name')),
      ['the evidence suffices', 'cycle 1', 'cycle 2', 'cycle 3', 'cycle 4', 'cycle 5'],
    )
    const outcomes = cases.map((one) => one.children.filter(({ name }) => name !== 'properties'))
    assert.deepEqual(
      outcomes.map(([outcome]) => [outcome?.name, outcome?.attributes.get('message')]),
      [
        [undefined, undefined],
        [undefined, undefined],
        ['failure', 'contract broken: 2 lost, 1 torn'],
        ['skipped', `inconclusive: the log has a gap; and <more> (run ${runId(3)})`],
        ['skipped', `the power was not cut, so the run says nothing of a cut (run ${runId(4)})`],
        ['skipped', `not verified (run ${runId(5)})`],
      ],
    )
  })

  test('where no run acquits or convicts, the suite errs', async (t) => {
    const report = await reportOf(t, [INCONCLUSIVE, UNCUT, {}])
    assert.match(render('junit', report), /errors="1"[^]*<error type="inconclusive" message="no run could acquit/)
    const none = { ...report, runs: [], summary: { ...report.summary, runs: 0 } }
    assert.match(render('junit', none), /tests="1" failures="0" errors="1"[^]*message="the campaign has no run"/)
  })

  test('whatever the names are, it is XML that says them', async (t) => {
    const [suite] = childrenOf(parseXml(render('junit', await reportOf(t, MIXED, NASTY))), 'testsuite')
    assert.equal(suite?.attributes.get('name'), NASTY)
  })
})

const childrenOf = ({ children }: XmlElement, name: string): readonly XmlElement[] =>
  children.filter((child) => child.name === name)

describe('csv', () => {
  /** RFC 4180, as strictly as it is written. */
  function parse(text: string): readonly (readonly string[])[] {
    const rows: string[][] = [[]]
    const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
    while (cell.lastIndex < text.length) {
      const match = cell.exec(text)
      assert(match, `not CSV from ${JSON.stringify(text.slice(rows.flat().join().length))}`)
      rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
      if (match[3] === '\r\n') rows.push([])
    }
    return rows.slice(0, -1)
  }

  test('a header, a row for each run, and texts that no spreadsheet runs', async (t) => {
    const nasty = { ...HELD, cut: { kind: '@SUM(1)\r\n"x",y' } }
    const [head, ...rows] = parse(render('csv', await reportOf(t, [...MIXED, nasty], NASTY)))
    assert.deepEqual(head, CSV_COLUMNS)
    assert.equal(rows.length, 6)
    const column = (name: string): readonly (string | undefined)[] => rows.map((row) => row[CSV_COLUMNS.indexOf(name)])
    assert.deepEqual(column('cycle'), ['1', '2', '3', '4', '5', '6'])
    assert.deepEqual(column('verdict'), ['held', 'violation', 'inconclusive', 'held', '', 'held'])
    assert.deepEqual(column('violation_lost'), ['0', '2', '0', '0', '', '0'])
    assert.deepEqual(column('cut_died'), ['true', 'true', 'true', 'false', 'true', 'true'])
    assert.equal(column('inconclusive_because')[2], 'the log has a gap; and <more>')
    assert.deepEqual([column('campaign')[0], column('cut')[5]], [`'${NASTY}`, `'@SUM(1)\r\n"x",y`])
  })
})

test('jsonl: a document for each run, oldest first', async (t) => {
  const lines = render('jsonl', await reportOf(t, MIXED)).split('\n')
  assert.equal(lines.pop(), '')
  const runs = lines.map((line) => JSON.parse(line))
  assert.deepEqual(
    runs.map(({ schema, cycle, run, verdict }) => [schema, cycle, run, verdict?.verdict]),
    ['held', 'violation', 'inconclusive', 'held', undefined].map((word, index) => [
      'plugpull.report-run/1',
      index + 1,
      runId(index + 1),
      word,
    ]),
  )
})

describe('an injected fault that only some runs carry', () => {
  const lying = { ...VIOLATION, labels: { fault: 'drop-flush' } }

  test('is said in every format for people', async (t) => {
    const report = await reportOf(t, [lying, HELD, HELD])
    assert.deepEqual([report.injectedFault?.runs, report.injectedFault?.of], [1, 3])
    for (const name of ['text', 'markdown', 'html', 'junit'])
      assert.match(
        render(name, report),
        /drop-flush was injected in 1 of 3 runs, so the figures are of runs with and without it/,
        name,
      )
  })

  test('and is not where all carry the same, or none does', async (t) => {
    const all = await reportOf(t, [lying, lying])
    assert.equal(all.injectedFault?.mixed, undefined)
    assert.match(render('text', all), /\ninjected fault: drop-flush \(2 of 2 runs\)\nviolations/)
    assert.equal((await reportOf(t, [HELD])).injectedFault, undefined)
    const two = await reportOf(t, [lying, { ...HELD, labels: { fault: 'tear' } }])
    assert.match(two.injectedFault?.mixed ?? '', /runs with different faults/)
  })
})

test('exit status: a violation outweighs all, and only a campaign that held throughout is held', async (t) => {
  const statuses = async (...runs: Parameters<typeof reportOf>[1]): Promise<readonly number[]> => {
    const report = await reportOf(t, runs)
    return FAIL_ON.map((failOn) => failStatus(report, failOn))
  }
  assert.deepEqual(await statuses(HELD, HELD), [0, 0])
  assert.deepEqual(await statuses(HELD, VIOLATION, INCONCLUSIVE), [10, 10])
  assert.deepEqual(await statuses(HELD, INCONCLUSIVE), [0, 11])
  assert.deepEqual(await statuses(HELD, {}), [0, 11])
  assert.deepEqual(await statuses(HELD, UNCUT), [0, 11])
  assert.deepEqual(
    FAIL_ON.map((failOn) => failStatus({ runs: [] }, failOn)),
    [0, 11],
  )
})

test('every format ends in a line feed and says what it is', async (t) => {
  const report = await reportOf(t, MIXED)
  for (const { name, mediaType, extension, summary } of FORMATS) {
    assert(render(name, report).endsWith('\n'), name)
    assert.match(mediaType, /^[a-z]+\/[a-z-]+; charset=utf-8/)
    assert.match(extension, /^[a-z]+$/)
    assert(summary.length > 10)
  }
})
