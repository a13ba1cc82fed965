/** Counts by class as a table whose last column is a bar: the picture and its text alternative are one. */
import type { ComponentChild } from 'preact'
import { formatCount, formatPercent } from '../../../src/core/size.ts'

export interface BarRow {
  readonly name: string
  readonly count: number
}

/** What is there is never told as none. */
function shareText(count: number, total: number): string {
  if (total === 0) return ''
  return count > 0 && count / total < 0.0005 ? '< 0.1 %' : formatPercent(count / total)
}

export function BarTable({
  caption,
  of,
  unit,
  rows,
  tone = 'neutral',
}: {
  readonly caption: string
  /** What the classes are of: `age at the cut`. */
  readonly of: string
  /** What is counted: `writes`. */
  readonly unit: string
  readonly rows: readonly BarRow[]
  readonly tone?: 'neutral' | 'hazard' | 'violation'
}): ComponentChild {
  const total = rows.reduce((sum, { count }) => sum + count, 0)
  const most = Math.max(1, ...rows.map(({ count }) => count))
  return (
    <table class="bars">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{of}</th>
          <th scope="col" class="number">
            {unit}
          </th>
          <th scope="col" class="bars-share">
            share
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, count }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="number">{formatCount(count)}</td>
            <td class="bars-share">
              <span class="bars-line">
                <span class={`bars-bar ${tone}`} style={{ width: `${((count / most) * 100).toFixed(2)}%` }} />
              </span>
              <span class="bars-text">{shareText(count, total)}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
