/** Pointers and wheels on a canvas as what they mean: hover, click, drag, pinch, zoom. */
export interface Gestures {
  readonly hover: (x: number, y: number) => void
  readonly leave: () => void
  readonly click: (x: number, y: number) => void
  /** Since the last one, in pixels. */
  readonly drag: (dx: number, dy: number) => void
  /** Steps, positive towards the picture, about a point. */
  readonly zoom: (by: number, x: number, y: number) => void
}

const nothing = (): void => undefined
export const NO_GESTURES: Gestures = { hover: nothing, leave: nothing, click: nothing, drag: nothing, zoom: nothing }

/** A pointer that moved less has clicked. */
const CLICK_MOST = 4
const PINCH_STEP = Math.SQRT2
const WHEEL_STEP = 60
const PINCH_FACTOR = 4

interface Point {
  readonly x: number
  readonly y: number
}

/** Listens until the returned function is called. `wantsWheel`: whether a plain wheel is meant for the picture. */
export function listenToGestures(
  element: HTMLElement,
  gestures: () => Gestures,
  wantsWheel: () => boolean,
): () => void {
  const pointers = new Map<number, Point>()
  let moved = 0
  let spread = 0
  const down = (event: PointerEvent): void => {
    pointers.set(event.pointerId, placeOf(element, event))
    element.setPointerCapture(event.pointerId)
    if (pointers.size === 1) moved = 0
    spread = spreadOf([...pointers.values()])
  }
  const move = (event: PointerEvent): void => {
    const here = placeOf(element, event)
    const before = pointers.get(event.pointerId)
    if (before === undefined) return gestures().hover(here.x, here.y)
    pointers.set(event.pointerId, here)
    moved += Math.hypot(here.x - before.x, here.y - before.y)
    if (pointers.size > 1) return pinch()
    if (moved > CLICK_MOST) gestures().drag(here.x - before.x, here.y - before.y)
  }
  const pinch = (): void => {
    const now = spreadOf([...pointers.values()])
    const by = now > spread * PINCH_STEP ? 1 : now < spread / PINCH_STEP ? -1 : 0
    if (by === 0) return
    spread = now
    const all = [...pointers.values()]
    gestures().zoom(by, mean(all.map(({ x }) => x)), mean(all.map(({ y }) => y)))
  }
  const up = (event: PointerEvent): void => {
    const there = pointers.get(event.pointerId)
    pointers.delete(event.pointerId)
    if (there !== undefined && pointers.size === 0 && moved <= CLICK_MOST && event.type === 'pointerup')
      gestures().click(there.x, there.y)
  }
  const leave = (): void => gestures().leave()
  const abort = new AbortController()
  const { signal } = abort
  element.addEventListener('pointerdown', down, { signal })
  element.addEventListener('pointermove', move, { signal })
  element.addEventListener('pointerup', up, { signal })
  element.addEventListener('pointercancel', up, { signal })
  element.addEventListener('pointerleave', leave, { signal })
  listenToWheel(element, gestures, wantsWheel, signal)
  return () => abort.abort()
}

function listenToWheel(
  element: HTMLElement,
  gestures: () => Gestures,
  wantsWheel: () => boolean,
  signal: AbortSignal,
): void {
  let turned = 0
  const wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey && !wantsWheel()) return
    event.preventDefault()
    // A trackpad's pinch comes as a wheel with Ctrl, in small steps.
    turned -= event.deltaMode === 0 ? event.deltaY * (event.ctrlKey ? PINCH_FACTOR : 1) : event.deltaY * WHEEL_STEP
    const by = Math.trunc(turned / WHEEL_STEP)
    if (by === 0) return
    turned = 0
    const { x, y } = placeOf(element, event)
    gestures().zoom(Math.sign(by), x, y)
  }
  element.addEventListener('wheel', wheel, { signal, passive: false })
}

function placeOf(element: HTMLElement, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect()
  return { x: clientX - left, y: clientY - top }
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)

function spreadOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const [a, b] = points
  return a === undefined || b === undefined ? 0 : Math.max(1, Math.hypot(a.x - b.x, a.y - b.y))
}
