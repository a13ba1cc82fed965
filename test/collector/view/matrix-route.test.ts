/** GET /v1/matrix: which runs it is of, by time and by whether a disk was told to lie. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { openSqliteStore } from '../../../src/collector/store/sqlite-database.ts'
import type { MatrixView } from '../../../src/core/view/matrix-view.ts'
import { lossyVerdict, runId, scratch, startServer, wholeManifest } from '../helpers.ts'

type Labels = Record<string, string>

/** A collector with one run of each of these labels, cut, and a violation; the nth was created n hours into the year, and half a second. */
async function start(t: Parameters<typeof scratch>[0], all: readonly Labels[]) {
  const store = openSqliteStore(join(scratch(t), 'store.db'))
  for (const [index, labels] of all.entries()) {
    const run = runId(index + 1)
    const at = new Date(Date.UTC(2026, 0, 1, index + 1, 0, 0, 500)).toISOString()
    await store.createRun({
      run,
      campaign: `c${index + 1}`,
      createdAt: at,
      manifest: wholeManifest(run, `c${index + 1}`, labels),
    })
    await store.recordCut(run, { kind: 'sigkill', at, died: true }, at)
    await store.addVerdict(run, at, { ...lossyVerdict(run), verdict: 'violation' })
  }
  const { url } = await startServer(t, store)
  const ask = async (query: Record<string, string>) => {
    const answer = await request(`${url}/v1/matrix?${String(new URLSearchParams(query))}`)
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  return {
    ask,
    campaigns: async (query: Record<string, string>): Promise<string> => {
      const { status, text } = await ask(query)
      assert.equal(status, 200, text)
      const view: MatrixView = JSON.parse(text)
      return view.cells
        .flatMap((cell) => cell.campaigns.map(({ campaign }) => campaign))
        .toSorted()
        .join(' ')
    },
  }
}

test('liars come only when asked for: injected faults, and positive controls by whatever they lie', async (t) => {
  const { campaigns, ask } = await start(t, [
    { cache: 'unsafe' },
    { cache: 'unsafe', control: 'yes' },
    { cache: 'none', fault: 'drop-flush' },
    { cache: 'none', fault: 'drop-flush', control: 'yes' },
    { cache: 'none', control: 'of my own' },
  ])
  for (const [query, told] of [
    [{}, 'c1 c5'],
    [{ control: '*' }, 'c1 c2 c5'],
    [{ control: 'yes' }, 'c2 c4'],
    [{ control: 'yes', fault: '' }, 'c2'],
    [{ fault: '*' }, 'c1 c3 c5'],
    [{ fault: 'drop-flush' }, 'c3'],
    [{ fault: '*', control: '*' }, 'c1 c2 c3 c4 c5'],
  ] as const)
    assert.equal(await campaigns(query), told, JSON.stringify(query))
  const view: MatrixView = JSON.parse((await ask({ fault: '*', control: '*' })).text)
  assert.equal(view.cells.length, 5)
  assert.match(
    view.sentence,
    /^5 of 5 tested configurations .*cache none, cut by sigkill, injected fault drop-flush, on/,
  )
  assert.deepEqual(view.facets.control, ['', 'yes'])
})

test('times may be written in any form, and what is no time is refused by its name', async (t) => {
  const { campaigns, ask } = await start(t, [{}, {}, {}])
  for (const [query, told] of [
    [{ from: '2026-01-01T02:00:00Z' }, 'c2 c3'],
    [{ from: '2026-01-01T02:00:00.5Z' }, 'c2 c3'],
    [{ from: '2026-01-01t02:00:00.501z' }, 'c3'],
    [{ from: '2026-01-01T11:00:00+09:00' }, 'c2 c3'],
    [{ to: '2026-01-01T02:00:00Z' }, 'c1'],
    [{ to: '2026-01-01T02:00:01Z' }, 'c1 c2'],
    [{ to: '2025-12-31T21:00:01-05:00' }, 'c1 c2'],
    [{ from: '2026-01-01T02:00:00z', to: '2026-01-01T04:00:00+01:00' }, 'c2'],
  ] as const)
    assert.equal(await campaigns(query), told, JSON.stringify(query))
  for (const [name, value] of [
    ['from', 'yesterday'],
    ['to', '2026-01-01'],
    ['from', '2026-02-30T00:00:00Z'],
    ['to', '2016-12-31T23:59:60Z'],
  ] as const) {
    const { status, text } = await ask({ [name]: value })
    assert.equal(status, 400, value)
    assert.match(text, new RegExp(`querystring/${name} `), value)
  }
})
