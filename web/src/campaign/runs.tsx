/** Every run in a row, a page at a time; which ones, in what order and which page are part of the address. */
import type { ComponentChild } from 'preact'
import { type Cycle, type CycleState, stateOf } from '../../../src/core/campaign/cycles.ts'
import { counted, formatCount, formatMs } from '../../../src/core/size.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Empty } from '../components/states.tsx'
import { Time } from '../components/time.tsx'
import { Word } from '../components/word.tsx'
import { runLink } from '../links.ts'
import { query, setQuery } from '../router.ts'
import { CYCLE_STATES, STATE_NAMES, cutText } from './cycle-text.ts'

const PAGE_RUNS = 50

interface Row {
  readonly cycle: Cycle
  readonly number: number
}

const losses = ({ cycle: { outcome } }: Row): number =>
  outcome === undefined ? -1 : outcome.lost + outcome.torn + outcome.reordered + outcome.other

const ORDERS = {
  newest: { name: 'newest first', compare: (a: Row, b: Row) => b.number - a.number },
  oldest: { name: 'oldest first', compare: (a: Row, b: Row) => a.number - b.number },
  most: { name: 'most lost, torn and reordered first', compare: (a: Row, b: Row) => losses(b) - losses(a) },
  age: {
    name: 'oldest loss first',
    compare: (a: Row, b: Row) => (b.cycle.outcome?.oldestLostMs ?? -1) - (a.cycle.outcome?.oldestLostMs ?? -1),
  },
} as const
type Order = keyof typeof ORDERS

const isOrder = (text: string): text is Order => Object.hasOwn(ORDERS, text)
const isState = (text: string): text is CycleState => CYCLE_STATES.some((state) => state === text)

export function Runs({ cycles }: { readonly cycles: readonly Cycle[] }): ComponentChild {
  const word = query.value.get('word') ?? ''
  const order = query.value.get('order') ?? ''
  const rows = cycles
    .map((cycle, index) => ({ cycle, number: index + 1 }))
    .filter(({ cycle }) => !isState(word) || stateOf(cycle) === word)
    .toSorted(ORDERS[isOrder(order) ? order : 'newest'].compare)
  const pages = Math.max(1, Math.ceil(rows.length / PAGE_RUNS))
  const page = Math.min(pages, Math.max(1, Number(query.value.get('page') ?? '1') || 1))
  return (
    <section aria-labelledby="runs" class="runs">
      <h2 id="runs">Runs</h2>
      <Filters word={word} order={order} found={rows.length} of={cycles.length} />
      {rows.length === 0 ? (
        <Empty title="No run of this campaign has that verdict.">
          <button type="button" onClick={() => setQuery({ word: undefined, page: undefined })}>
            Show all
          </button>
        </Empty>
      ) : (
        <>
          <DataTable
            caption="Every run"
            columns={COLUMNS}
            rows={rows.slice((page - 1) * PAGE_RUNS, page * PAGE_RUNS)}
            rowKey={({ cycle }) => cycle.run}
            stack
          />
          {pages === 1 ? null : <Pager page={page} pages={pages} />}
        </>
      )}
    </section>
  )
}

function Filters({
  word,
  order,
  found,
  of,
}: {
  readonly word: string
  readonly order: string
  readonly found: number
  readonly of: number
}): ComponentChild {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label class="field">
        <span>Verdict</span>
        <select value={word} onChange={(event) => setQuery({ word: event.currentTarget.value, page: undefined })}>
          <option value="">any</option>
          {CYCLE_STATES.map((state) => (
            <option key={state} value={state}>
              {STATE_NAMES[state]}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Order</span>
        <select
          value={isOrder(order) ? order : 'newest'}
          onChange={(event) => setQuery({ order: event.currentTarget.value, page: undefined })}
        >
          {Object.entries(ORDERS).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p class="muted" role="status">
        {found === of ? counted(of, 'run') : `${formatCount(found)} of ${counted(of, 'run')}`}
      </p>
    </form>
  )
}

const go = (to: number): void => setQuery({ page: to === 1 ? undefined : String(to) })

function Pager({ page, pages }: { readonly page: number; readonly pages: number }): ComponentChild {
  return (
    <nav class="pager" aria-label="Pages of runs">
      <button type="button" disabled={page === 1} onClick={() => go(1)}>
        First
      </button>
      <button type="button" disabled={page === 1} onClick={() => go(page - 1)}>
        Before
      </button>
      <span role="status">
        Page {formatCount(page)} of {formatCount(pages)}
      </span>
      <button type="button" disabled={page === pages} onClick={() => go(page + 1)}>
        Next
      </button>
      <button type="button" disabled={page === pages} onClick={() => go(pages)}>
        Last
      </button>
    </nav>
  )
}

const countCell =
  (what: 'lost' | 'torn' | 'reordered' | 'other') =>
  ({ cycle: { outcome } }: Row): string =>
    outcome === undefined ? '–' : formatCount(outcome[what])

const COLUMNS: readonly Column<Row>[] = [
  {
    name: 'Run',
    heads: true,
    cell: ({ cycle }) => (
      <a class="mono" href={runLink(cycle.run)}>
        {cycle.run}
      </a>
    ),
  },
  {
    name: 'Verdict',
    cell: ({ cycle }) => <Word state={stateOf(cycle)} text={STATE_NAMES[stateOf(cycle)]} />,
  },
  { name: 'Cut', cell: ({ cycle }) => cutText(cycle) },
  { name: 'Cycle', numeric: true, cell: ({ number }) => formatCount(number) },
  { name: 'Lost', numeric: true, cell: countCell('lost') },
  { name: 'Torn', numeric: true, cell: countCell('torn') },
  { name: 'Reordered', numeric: true, cell: countCell('reordered') },
  { name: 'Other', numeric: true, cell: countCell('other') },
  {
    name: 'Oldest lost',
    numeric: true,
    cell: ({ cycle: { outcome } }) =>
      outcome === undefined || outcome.lostWrites === 0 ? '–' : formatMs(outcome.oldestLostMs),
  },
  { name: 'Fault', cell: ({ cycle: { fault } }) => fault ?? 'none' },
  { name: 'Created', cell: ({ cycle }) => <Time iso={cycle.createdAt} /> },
]
