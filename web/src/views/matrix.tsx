/** The first view: which configurations lose data, and how. */
import type { ComponentChild } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { counted } from '../../../src/core/size.ts'
import { CELL_STATES, type MatrixCell, type MatrixView as Matrix } from '../../../src/core/view/matrix-view.ts'
import { Page } from '../components/page.tsx'
import { Await, Empty } from '../components/states.tsx'
import { STATES, Word } from '../components/word.tsx'
import { matrixLink } from '../links.ts'
import { useVerdictArrivals } from '../live/arrivals.ts'
import { cellKey, gridsOf } from '../matrix/arrange.ts'
import { CellDetails } from '../matrix/cell-details.tsx'
import { CellTable } from '../matrix/cell-table.tsx'
import { clearFilters, Filters, hasFilters, matrixAddress } from '../matrix/filters.tsx'
import { HeatGrid } from '../matrix/heat-grid.tsx'
import '../matrix/matrix.css'
import { query } from '../router.ts'
import { useJson } from '../use-json.ts'

export function MatrixView(): ComponentChild {
  const address = matrixAddress(query.value)
  const loaded = useJson<Matrix>(address)
  useVerdictArrivals(() => {
    if (loaded.kind === 'ready') loaded.reload()
  })
  return (
    <Page title="Matrix" heading="Which configurations lose data, and how" twin={address}>
      <Await loaded={loaded} what="The matrix">
        {(matrix) => <Shown matrix={matrix} />}
      </Await>
    </Page>
  )
}

function Shown({ matrix }: { readonly matrix: Matrix }): ComponentChild {
  const { cells, facets, sentence, more } = matrix
  if (cells.length === 0 && !hasFilters(query.value)) return <NoRuns hasLiars={facets.fault.length > 0} />
  return (
    <>
      <p class="lead">
        <strong>{sentence}</strong> {more.join(' ')}
      </p>
      <Filters facets={facets} />
      {cells.length === 0 ? (
        <Empty title="No run matches these filters.">
          <button type="button" onClick={clearFilters}>
            Clear filters
          </button>
        </Empty>
      ) : (
        <Cells cells={cells} runs={matrix.runs} />
      )}
    </>
  )
}

function NoRuns({ hasLiars }: { readonly hasLiars: boolean }): ComponentChild {
  if (hasLiars)
    return (
      <Empty title="Every disk here was told to lie, which says nothing of a configuration.">
        <p>
          <a href={matrixLink({ fault: '*', control: '*' })}>Show them all the same</a>
        </p>
      </Empty>
    )
  return (
    <Empty title="No run yet.">
      <p>This page fills by itself once there are some. In a minute, on a simulated disk:</p>
      <p>
        <code>npx plugpull loop --rig sim --cycles 20 --collector {location.origin}</code>
      </p>
      <p>
        On a real QCOW2 image, cutting the process that serves it: the same with{' '}
        <code>--rig storage-daemon --image qcow2 --cache writeback</code>.
      </p>
    </Empty>
  )
}

function Cells({ cells, runs }: { readonly cells: readonly MatrixCell[]; readonly runs: number }): ComponentChild {
  const grids = gridsOf(cells)
  const pinned = query.value.get('cell')
  const [looked, setLooked] = useState<string>()
  const worst = cells.toSorted((a, b) => CELL_STATES.indexOf(a.state) - CELL_STATES.indexOf(b.state))[0]
  const shown =
    cells.find((cell) => cellKey(cell) === looked) ?? cells.find((cell) => cellKey(cell) === pinned) ?? worst
  useEffect(() => {
    if (pinned === null) return
    const title = document.querySelector<HTMLElement>('#cell-title')
    title?.focus()
  }, [pinned])
  return (
    <>
      <div class="matrix">
        <div class="heats">
          {grids.map((grid) => (
            <HeatGrid key={grid.key} grid={grid} look={(cell) => setLooked(cellKey(cell))} listLink={listLink} />
          ))}
        </div>
        {shown === undefined ? null : (
          <aside class="card cell-details" aria-label="The configuration looked at">
            <CellDetails cell={shown} />
          </aside>
        )}
      </div>
      <Legend />
      <details class="as-table">
        <summary>
          As a table: {counted(cells.length, 'configuration')}, {counted(runs, 'run')}
        </summary>
        <CellTable cells={cells} />
      </details>
    </>
  )
}

/** The cell is in the address, so its list of campaigns can be shared. */
const listLink = (cell: MatrixCell): string => matrixLink({ ...Object.fromEntries(query.peek()), cell: cellKey(cell) })

const MEANINGS = {
  violation: 'a promise to the guest was broken at least once, be it without a cut',
  hazard:
    'no promise is known to be broken; writes that no flush had covered were lost, torn or reordered. Unchecked: no run could be acquitted or convicted',
  held: 'every promise was kept and nothing was lost',
  inconclusive: 'no run could be acquitted or convicted',
  none: 'no run was verified yet',
} as const

function Legend(): ComponentChild {
  return (
    <dl class="legend">
      {STATES.map((state) => (
        <div key={state}>
          <dt>
            <Word state={state} />
          </dt>
          <dd>{MEANINGS[state]}</dd>
        </div>
      ))}
      <div>
        <dt>bar</dt>
        <dd>share of runs, with its 95 % interval</dd>
      </div>
    </dl>
  )
}
