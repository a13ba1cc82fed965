/**
 * Verdicts cycle by cycle. Thousands of cells are one picture; over it lies one link, which is where the pointer is or where the
 * arrow keys have led it, so that every cell opens its run as a link does. The table of runs says the same in words.
 */
import type { ComponentChild, RefObject } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { type Cycle, stateOf } from '../../../src/core/campaign/cycles.ts'
import { counted, formatCount } from '../../../src/core/size.ts'
import { announce } from '../announce.ts'
import { themeColour } from '../components/chart.tsx'
import { useThemeChange } from '../components/theme-change.ts'
import { Time } from '../components/time.tsx'
import { Word } from '../components/word.tsx'
import { runLink } from '../links.ts'
import { CYCLE_STATES, STATE_NAMES, cutText, cycleText, lossText } from './cycle-text.ts'
import { drawStrip } from './strip-draw.ts'
import { cellAt, layoutOf, movedBy, placeOf, type StripLayout } from './strip-layout.ts'

export function Strip({ cycles, more }: { readonly cycles: readonly Cycle[]; readonly more: boolean }): ComponentChild {
  const [frame, width] = useWidth()
  const canvas = useRef<HTMLCanvasElement>(null)
  const theme = useThemeChange()
  const [chosen, setChosen] = useState<number>()
  const layout = useMemo(() => layoutOf(cycles.length, width), [cycles.length, width])
  useLayoutEffect(() => {
    if (canvas.current !== null && width > 0) drawStrip(canvas.current, cycles, layout, themeColour)
  }, [cycles, layout, width, theme])
  const at = chosen === undefined || chosen >= cycles.length ? cycles.length - 1 : chosen
  const cycle = cycles[at]
  return (
    <section aria-labelledby="cycles">
      <h2 id="cycles">Verdicts, cycle by cycle</h2>
      <Legend cycles={cycles} />
      <div class="strip card">
        <div
          ref={frame}
          class="strip-frame"
          onPointerMove={(event) => {
            if (event.pointerType !== 'touch') setChosen(pointed(event, layout, cycles.length) ?? at)
          }}
          onPointerDown={(event) => {
            if (event.pointerType === 'touch') setChosen(pointed(event, layout, cycles.length) ?? at)
          }}
        >
          <canvas ref={canvas} role="img" aria-label={summary(cycles)} />
          {cycle === undefined || width === 0 ? null : (
            <CycleLink
              cycle={cycle}
              at={at}
              of={cycles.length}
              layout={layout}
              isChosen={chosen !== undefined}
              choose={setChosen}
            />
          )}
        </div>
        {cycle === undefined ? null : <Details cycle={cycle} at={at} of={cycles.length} />}
      </div>
      {more ? <p class="muted">Only the newest {formatCount(cycles.length)} are shown.</p> : null}
    </section>
  )
}

function pointed(event: PointerEvent, layout: StripLayout, count: number): number | undefined {
  const frame = event.currentTarget
  if (!(frame instanceof Element)) return undefined
  const { left, top } = frame.getBoundingClientRect()
  return cellAt(layout, count, event.clientX - left, event.clientY - top)
}

function CycleLink({
  cycle,
  at,
  of,
  layout,
  isChosen,
  choose,
}: {
  readonly cycle: Cycle
  readonly at: number
  readonly of: number
  readonly layout: StripLayout
  readonly isChosen: boolean
  readonly choose: (index: number) => void
}): ComponentChild {
  const { x, y } = placeOf(layout, at)
  return (
    <a
      class={isChosen ? 'strip-cell chosen' : 'strip-cell'}
      href={runLink(cycle.run)}
      aria-label={cycleText(cycle, at + 1, of)}
      aria-describedby="strip-keys"
      style={{
        left: `${x - 1}px`,
        top: `${y - 1}px`,
        width: `${layout.pitchX + 1}px`,
        height: `${layout.pitchY - 1}px`,
      }}
      onKeyDown={(event) => {
        const to = movedBy(event.key, at, of, layout)
        if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return
        event.preventDefault()
        choose(to)
      }}
      onFocus={() => choose(at)}
    />
  )
}

/** What the chosen cell stands for; told to screen readers as it is chosen. */
function Details({
  cycle,
  at,
  of,
}: {
  readonly cycle: Cycle
  readonly at: number
  readonly of: number
}): ComponentChild {
  const text = cycleText(cycle, at + 1, of)
  const toldRef = useRef(text)
  useEffect(() => {
    if (toldRef.current === text) return
    toldRef.current = text
    if (document.activeElement?.classList.contains('strip-cell') === true) announce(text)
  }, [text])
  const losses = lossText(cycle)
  return (
    <p class="strip-details">
      <span class="strip-number">
        Cycle {formatCount(at + 1)} of {formatCount(of)}
      </span>
      <Word state={stateOf(cycle)} text={STATE_NAMES[stateOf(cycle)]} />
      {cycle.outcome === undefined ? null : <span>{losses === '' ? 'nothing lost, torn or reordered' : losses}</span>}
      <span class="muted">
        {cutText(cycle)}, <Time iso={cycle.createdAt} />
      </span>
      <a href={runLink(cycle.run)}>Open run {cycle.run}</a>
      <span id="strip-keys" class="unseen">
        Arrow keys lead to other cycles, Home and End to the first and the last.
      </span>
    </p>
  )
}

function Legend({ cycles }: { readonly cycles: readonly Cycle[] }): ComponentChild {
  const counts = new Map(CYCLE_STATES.map((state) => [state, 0]))
  for (const cycle of cycles) counts.set(stateOf(cycle), (counts.get(stateOf(cycle)) ?? 0) + 1)
  return (
    <ul class="strip-legend">
      {CYCLE_STATES.map((state) => (
        <li key={state}>
          <span class={`strip-key ${state}`} aria-hidden="true">
            <span />
          </span>
          {formatCount(counts.get(state) ?? 0)} {STATE_NAMES[state]}
        </li>
      ))}
    </ul>
  )
}

function summary(cycles: readonly Cycle[]): string {
  const worst = cycles.filter((cycle) => stateOf(cycle) === 'violation').length
  return `${counted(cycles.length, 'cycle')} in the order of time, ${counted(worst, 'violation')}; the table of runs below tells each`
}

/** The width of what the frame has room for, as it is now. */
function useWidth(): readonly [RefObject<HTMLDivElement | null>, number] {
  const frame = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const holder = frame.current
    if (holder === null) return
    setWidth(holder.clientWidth)
    const observer = new ResizeObserver(() => setWidth(holder.clientWidth))
    observer.observe(holder)
    return () => observer.disconnect()
  }, [])
  return [frame, width]
}
