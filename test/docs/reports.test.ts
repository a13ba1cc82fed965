/** docs/REPORTS.md: the formats and columns there are, and a check of signatures that works. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CSV_COLUMNS } from '../../src/collector/report/csv.ts'
import { FORMAT_NAMES } from '../../src/collector/report/registry.ts'
import { DELIVERY_LIMITS } from '../../src/collector/webhook/deliver.ts'
import { signatureOf } from '../../src/collector/webhook/signature.ts'
import { QUEUE_MAX } from '../../src/collector/webhook/webhooks.ts'

const DOCS = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'REPORTS.md'), 'utf8')

test('the formats that there are', () => {
  const told = [...(DOCS.split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  assert.deepEqual(told, FORMAT_NAMES)
})

test('every column of the CSV', () => {
  const rows = [...(DOCS.split('\n## CSV')[1] ?? '').matchAll(/^\| (`[a-z_`, …]+`) +\| (.*)$/gm)]
  const told = rows.flatMap(([, names = '', what = '']) => columnsOf(names, what))
  assert.deepEqual(told, CSV_COLUMNS)
})

/** `violation_lost` … stands for a column for each kind that the row lists. */
function columnsOf(names: string, what: string): readonly string[] {
  const quoted = (text: string): string[] => [...text.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name)
  const [first = ''] = quoted(names)
  return names.includes('…') ? quoted(what).map((kind) => `${first.split('_')[0]}_${kind}`) : quoted(names)
}

test('the check of a signature takes a genuine one and refuses others', async () => {
  const [, code = ''] = /```js\n([^]*?)```/.exec(DOCS) ?? []
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  const header = signatureOf('secret', 1_700_000_000, '{"a":"é"}')
  const check = (body: string, secret = 'secret', now = 1_700_000_001): unknown =>
    isGenuine(header, Buffer.from(body), secret, now)
  assert.equal(check('{"a":"é"}'), true)
  assert.equal(check('{"a":"e"}'), false)
  assert.equal(check('{"a":"é"}', 'other'), false)
  assert.equal(check('{"a":"é"}', 'secret', 1_700_000_301), false)
  assert.equal(isGenuine('', Buffer.from(''), 'secret'), false)
})

test('the limits of a webhook are the real ones', () => {
  assert.deepEqual(DELIVERY_LIMITS, { tryMs: 10_000, waitsMs: [1000, 4000, 16_000, 60_000] })
  assert.match(DOCS, /up to five times, waiting 1, 4, 16 and 60 seconds between; each try is given ten seconds/)
  assert.equal(QUEUE_MAX, 100)
  assert.match(DOCS, /at most 100 wait/)
})
