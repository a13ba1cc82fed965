/** Every metric that the alerts, the dashboard and docs/MONITORING.md name is one that the collector has; the docs list them all. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CollectorMetrics } from '../../src/collector/metrics/metrics.ts'
import { StoreFigures } from '../../src/collector/metrics/store-figures.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')

interface Metric {
  readonly name: string
  readonly type: string
  readonly help: string
}

async function metricsOf(): Promise<readonly Metric[]> {
  const { registry } = new CollectorMetrics({ version: 'test', ofProcess: true })
  const unused = async (): Promise<never> => assert.fail('not asked')
  const made = new StoreFigures({ name: '', check: unused, totals: unused, lines: unused }, registry, () => 0)
  assert(made)
  const text = await registry.metrics()
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name = '', help = '', type = '']) => ({
    name,
    help,
    type,
  }))
}

/** What a query may name: of a histogram its parts, of the rest the name. */
const seriesOf = ({ name, type }: Metric): readonly string[] =>
  type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name]

const namesIn = (query: string): readonly string[] => query.match(/\b(?:plugpull|process|nodejs)_[a-z_]+/g) ?? []

/** Values of `expr`, wherever they are. */
function expressionsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    key === 'expr' && typeof inner === 'string' ? [inner] : expressionsIn(inner),
  )
}

test('alerts and dashboard query metrics that there are', async () => {
  const known = new Set((await metricsOf()).flatMap(seriesOf))
  const rules = [...read('deploy', 'prometheus', 'plugpull.rules.yml').matchAll(/^ +expr: (.*)$/gm)]
  assert.equal(rules.length, 7)
  const dashboard: unknown = JSON.parse(read('deploy', 'grafana', 'plugpull.json'))
  const queries = [...rules.map(([, query = '']) => query), ...expressionsIn(dashboard)]
  assert(queries.length > 25)
  for (const query of queries) {
    if (query.startsWith('up{')) continue
    const names = namesIn(query)
    assert(names.length > 0, query)
    for (const name of names) assert(known.has(name), `${name} in ${query}`)
  }
})

test('the dashboard is importable: a data source of the reader and no panel on another', () => {
  const dashboard = JSON.parse(read('deploy', 'grafana', 'plugpull.json'))
  assert.equal(dashboard.templating.list[0].type, 'datasource')
  const ids = dashboard.panels.map(({ id }: { id: number }) => id)
  assert.equal(new Set(ids).size, ids.length)
  for (const { title, description, datasource, targets } of dashboard.panels) {
    assert(title.length > 0 && description.length > 0, title)
    for (const one of [{ datasource }, ...targets])
      assert.deepEqual(one.datasource, { type: 'prometheus', uid: '${datasource}' }, title)
  }
})

test('each alert is told in the README beside it', () => {
  const alerts = [...read('deploy', 'prometheus', 'plugpull.rules.yml').matchAll(/alert: (\w+)/g)].map(
    ([, name]) => name,
  )
  const told = [...read('deploy', 'prometheus', 'README.md').matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
  assert.deepEqual(told, alerts)
})

test('docs/MONITORING.md lists every metric with its type and help', async () => {
  const rows = [...read('docs', 'MONITORING.md').matchAll(/^\| `(plugpull_\w+)` +\| (\w+) +\| (.*?) +\|$/gm)]
  const told = rows.map(([, name = '', type = '', help = '']) => `${name} ${type} ${help}`)
  const ours = (await metricsOf()).filter(({ name }) => name.startsWith('plugpull_'))
  const made = ours.map(({ name, type, help }) => `${name} ${type} ${help}`)
  assert.equal(new Set(told).size, told.length)
  assert.deepEqual(new Set(told), new Set(made))
})
