/** Which runs the matrix is of: one choice for each facet that has one to offer, and a span of time. All of it is in the address. */
import type { ComponentChild } from 'preact'
import type { MatrixView } from '../../../src/core/view/matrix-view.ts'
import { query, setQuery } from '../router.ts'

const FACET_NAMES = {
  host: 'Host',
  kernel: 'Kernel',
  qemu: 'QEMU',
  bus: 'Bus',
  rig: 'Rig',
  workload: 'Workload',
  contract: 'Contract',
} as const
type FilterFacet = keyof typeof FACET_NAMES

const isFilterFacet = (name: string): name is FilterFacet => Object.hasOwn(FACET_NAMES, name)
const FILTER_FACETS = Object.keys(FACET_NAMES).filter(isFilterFacet)

/** An empty value means "untold" to the API, and cannot be told from "any" in a form. */
const UNTOLD = '(untold)'

/** Everything that a filter can be, as parameters of the address. */
const PARAMETERS = [...FILTER_FACETS, 'fault', 'control', 'from', 'to'] as const

const DAY_MS = 86_400_000
const startOf = (day: string): string => new Date(`${day}T00:00:00Z`).toISOString()
const endOf = (day: string): string => new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString()
const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))

/** The address of the matrix that the page's own address asks for. */
export function matrixAddress(parameters: URLSearchParams): string {
  const asked = new URLSearchParams()
  for (const name of [...FILTER_FACETS, 'fault', 'control', 'cache', 'image', 'cut']) {
    const value = parameters.get(name)
    if (value !== null) asked.set(name, value === UNTOLD ? '' : value)
  }
  const [from, to] = [parameters.get('from') ?? '', parameters.get('to') ?? '']
  if (isDay(from)) asked.set('from', startOf(from))
  if (isDay(to)) asked.set('to', endOf(to))
  const text = asked.toString()
  return `/v1/matrix${text === '' ? '' : `?${text}`}`
}

export const hasFilters = (parameters: URLSearchParams): boolean => PARAMETERS.some((name) => parameters.has(name))

export const clearFilters = (): void => setQuery(Object.fromEntries(PARAMETERS.map((name) => [name, undefined])))

export function Filters({ facets }: { readonly facets: MatrixView['facets'] }): ComponentChild {
  const given = query.value
  const offered = FILTER_FACETS.filter((facet) => facets[facet].length > 1 || given.has(facet))
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {offered.map((facet) => (
        <FacetFilter key={facet} facet={facet} name={FACET_NAMES[facet]} values={facets[facet]} any="any" />
      ))}
      {facets.fault.some((fault) => fault !== '') ? (
        <FaultFilter faults={facets.fault.filter((fault) => fault !== '')} />
      ) : null}
      {facets.control.some((control) => control !== '') || given.has('control') ? <ControlFilter /> : null}
      <DayFilter name="from" text="From" />
      <DayFilter name="to" text="To" />
      {hasFilters(given) ? (
        <button type="button" onClick={clearFilters}>
          Clear filters
        </button>
      ) : null}
    </form>
  )
}

function FacetFilter({
  facet,
  name,
  values,
  any,
}: {
  readonly facet: string
  readonly name: string
  readonly values: readonly string[]
  readonly any: string
}): ComponentChild {
  const value = query.value.get(facet) ?? ''
  const shown = values.map((one) => (one === '' ? UNTOLD : one))
  return (
    <div class="field">
      <label htmlFor={`filter-${facet}`}>{name}</label>
      <select
        id={`filter-${facet}`}
        value={value}
        onChange={(event) => setQuery({ [facet]: event.currentTarget.value })}
      >
        <option value="">{any}</option>
        {(value === '' || shown.includes(value) ? shown : [value, ...shown]).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Disks that lie on purpose say nothing of a configuration: they are left out unless they are asked for. */
function FaultFilter({ faults }: { readonly faults: readonly string[] }): ComponentChild {
  return (
    <div class="field">
      <label htmlFor="filter-fault">Injected fault</label>
      <select
        id="filter-fault"
        value={query.value.get('fault') ?? ''}
        onChange={(event) => setQuery({ fault: event.currentTarget.value })}
      >
        <option value="">left out</option>
        <option value="*">with and without</option>
        {faults.map((fault) => (
          <option key={fault} value={fault}>
            only {fault}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Nor do the liars of positive controls, which are there to be caught. */
function ControlFilter(): ComponentChild {
  return (
    <div class="field">
      <label htmlFor="filter-control">Positive controls</label>
      <select
        id="filter-control"
        value={query.value.get('control') ?? ''}
        onChange={(event) => setQuery({ control: event.currentTarget.value })}
      >
        <option value="">left out</option>
        <option value="*">with and without</option>
        <option value="yes">only these</option>
      </select>
    </div>
  )
}

function DayFilter({ name, text }: { readonly name: string; readonly text: string }): ComponentChild {
  return (
    <div class="field">
      <label htmlFor={`filter-${name}`}>{text}</label>
      <input
        id={`filter-${name}`}
        type="date"
        value={query.value.get(name) ?? ''}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      />
    </div>
  )
}
