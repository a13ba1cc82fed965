/**
 * Which view is shown: the address is the state, by the History API. Clicks on links to our own views are taken over, so
 * that a link is always a plain `<a href>` which can be copied, opened in a tab, or followed by keyboard.
 */
import { computed, signal } from '@preact/signals'
import { addressOf, pathBelow } from './base.ts'

interface Place {
  /** Without the prefix, as in the address: `/campaigns/lab%2Fone`. */
  readonly path: string
  readonly query: string
  /** Counts navigations; 0 is the page as it was loaded. */
  readonly visit: number
}

const read = (visit: number): Place => ({
  path: pathBelow(location.pathname) ?? '/',
  query: location.search,
  visit,
})

const place = signal<Place>(read(0))

export const path = computed(() => place.value.path)
export const query = computed(() => new URLSearchParams(place.value.query))
/** 0 until the user goes somewhere. */
export const visits = computed(() => place.value.visit)

/** The path and query of what is shown, as `navigate` takes it. */
export const here = (): string => place.peek().path + place.peek().query

/** Shows the view at `to`, a path of ours with its query. `replace`: it is the same place in the user's mind. */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, '', addressOf(to))
  else history.pushState(null, '', addressOf(to))
  const { visit, path: before } = place.peek()
  place.value = read(visit + 1)
  if (place.peek().path !== before) window.scrollTo(0, 0)
}

/** The same view with these parameters set, or dropped where they are empty. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>, { replace = true } = {}): void {
  const next = new URLSearchParams(place.peek().query)
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(name)
    else next.set(name, value)
  }
  const text = next.toString()
  navigate(`${place.peek().path}${text === '' ? '' : `?${text}`}`, { replace })
}

export function startRouter(): void {
  addEventListener('popstate', () => {
    place.value = read(place.peek().visit + 1)
  })
  document.addEventListener('click', (event) => {
    const to = destinationOf(event)
    if (to === undefined) return
    event.preventDefault()
    navigate(to)
  })
}

/** Where a click leads within the page; `undefined` where the browser is to do with it as it always does. */
function destinationOf(event: MouseEvent): string | undefined {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (!isPlain(event) || link === null || leavesPage(link)) return undefined
  const below = pathBelow(link.pathname)
  if (below === undefined || !isView(below)) return undefined
  // A fragment of the same page is the browser's business.
  if (link.hash !== '' && link.pathname === location.pathname && link.search === location.search) return undefined
  return below + link.search
}

const isPlain = ({ defaultPrevented, button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean =>
  !defaultPrevented && button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey

const leavesPage = (link: HTMLAnchorElement): boolean =>
  link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin

const isView = (below: string): boolean =>
  !below.startsWith('/v1/') && !/^\/(health|metrics|openapi\.json)$/.test(below)
