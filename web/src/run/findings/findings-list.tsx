/** The findings as a list of any length: only the rows in sight are in the page; a listbox for the keyboard. */
import type { ComponentChild } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import type { BriefFinding } from '../documents.ts'
import { addressText } from '../map/words.ts'
import { Severity } from './severity.tsx'
import type { FindingPages } from './pages.ts'

const ROW = 58
const BEYOND = 6
const HEIGHT_GUESSED = 600

export interface FindingsListProps {
  readonly pages: FindingPages
  readonly count: number
  /** Number of the finding that is told. */
  readonly chosen: number | undefined
  readonly choose: (finding: BriefFinding) => void
  /** Place in the list of the finding that is told, where that is known: it is to be in sight. */
  readonly place: number | undefined
}

export function FindingsList({ pages, count, chosen, choose, place }: FindingsListProps): ComponentChild {
  const frame = useRef<HTMLDivElement>(null)
  const [sight, setSight] = useState({ top: 0, height: HEIGHT_GUESSED })
  const [active, setActive] = useState(0)
  const from = Math.max(0, Math.floor(sight.top / ROW) - BEYOND)
  const to = Math.min(count, Math.ceil((sight.top + sight.height) / ROW) + BEYOND)
  useEffect(() => pages.need(from, to), [from, to, pages])
  useEffect(() => {
    if (place === undefined || frame.current === null) return
    setActive(place)
    reveal(frame.current, place)
  }, [place])
  const onKey = (event: KeyboardEvent): void => {
    const rows = Math.max(1, Math.floor(sight.height / ROW) - 1)
    const next = afterListKey(event.key, active, rows, count)
    const finding = event.key === 'Enter' || event.key === ' ' ? pages.at(active) : undefined
    if (next === undefined && finding === undefined) return
    event.preventDefault()
    if (finding !== undefined) choose(finding)
    if (next === undefined) return
    setActive(next)
    if (frame.current !== null) reveal(frame.current, next)
  }
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
  return (
    <div
      ref={frame}
      class="findings-list"
      role="listbox"
      tabIndex={0}
      aria-label={`${formatCount(count)} findings`}
      aria-activedescendant={active >= from && active < to ? `finding-${active}` : undefined}
      onKeyDown={onKey}
      onScroll={(event) => setSight({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
      onClick={(event) => {
        const index = rowOf(event.target)
        const finding = index === undefined ? undefined : pages.at(index)
        if (index === undefined || finding === undefined) return
        setActive(index)
        choose(finding)
      }}
    >
      <div class="findings-space" role="presentation" style={{ height: `${count * ROW}px` }}>
        {rows.map((index) => (
          <Row
            key={index}
            index={index}
            count={count}
            finding={pages.at(index)}
            isActive={index === active}
            isChosen={chosen !== undefined && pages.at(index)?.number === chosen}
          />
        ))}
      </div>
    </div>
  )
}

/** The place in the list of the row that was clicked. */
function rowOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest('[aria-posinset]') : null
  return row === null ? undefined : Number(row.getAttribute('aria-posinset')) - 1
}

function reveal(holder: HTMLElement, index: number): void {
  const top = index * ROW
  if (top < holder.scrollTop) holder.scrollTo({ top })
  else if (top + ROW > holder.scrollTop + holder.clientHeight) holder.scrollTo({ top: top + ROW - holder.clientHeight })
}

/** The row after a key, or `undefined` where it is none of the list's. */
function afterListKey(key: string, active: number, page: number, count: number): number | undefined {
  const last = count - 1
  const next: Readonly<Record<string, number>> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: last,
  }
  const wanted = next[key]
  return wanted === undefined ? undefined : Math.max(0, Math.min(last, wanted))
}

interface RowProps {
  readonly index: number
  readonly count: number
  readonly finding: BriefFinding | undefined
  readonly isActive: boolean
  readonly isChosen: boolean
}

function Row({ index, count, finding, isActive, isChosen }: RowProps): ComponentChild {
  return (
    <div
      id={`finding-${index}`}
      class={`finding-row${isActive ? ' active' : ''}`}
      role="option"
      aria-selected={isChosen}
      aria-posinset={index + 1}
      aria-setsize={count}
      style={{ top: `${index * ROW}px`, height: `${ROW}px` }}
      tabIndex={-1}
    >
      {finding === undefined ? (
        <span class="muted">…</span>
      ) : (
        <>
          <div class="finding-head">
            <span class="muted number">{formatCount(finding.number)}</span>
            <Severity kind={finding.kind} severity={finding.severity} />
            <span class="mono finding-place">{addressText(finding.lba * SECTOR_BYTES)}</span>
          </div>
          <div class="finding-text" title={finding.explanation}>
            {finding.explanation}
          </div>
        </>
      )}
    </div>
  )
}
