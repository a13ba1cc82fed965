/** One configuration in full: its state, its rates with their intervals, the worst loss, and the campaigns it was tried in. */
import type { ComponentChild } from 'preact'
import { counted, formatBytes, formatMs } from '../../../src/core/size.ts'
import { lieName, type MatrixCell } from '../../../src/core/view/matrix-view.ts'
import { Rate } from '../components/rate.tsx'
import { Time } from '../components/time.tsx'
import { Word } from '../components/word.tsx'
import { campaignLink } from '../links.ts'
import { KINDS, stateText } from './cell-text.ts'

export function CellDetails({ cell }: { readonly cell: MatrixCell }): ComponentChild {
  const { rates } = cell
  return (
    <>
      <Name cell={cell} />
      <dl class="facts">
        <dt>Violation</dt>
        <dd>
          <Rate rate={rates.violation} tone="violation" />
        </dd>
        {KINDS.map((kind) => (
          <>
            <dt>{kind}</dt>
            <dd>
              <Rate rate={rates[kind]} tone="hazard" />
            </dd>
          </>
        ))}
        {cell.other === 0 ? null : (
          <>
            <dt>Other damage</dt>
            <dd>{counted(cell.other, 'run')}</dd>
          </>
        )}
        {cell.lostBytes === 0 ? null : (
          <>
            <dt>Lost</dt>
            <dd>
              {formatBytes(cell.lostBytes)}, the oldest {formatMs(cell.oldestLostMs)} before its cut
            </dd>
          </>
        )}
        <dt>Runs</dt>
        <dd>{runsText(cell)}</dd>
        <dt>Newest</dt>
        <dd>
          <Time iso={cell.lastAt} />
        </dd>
      </dl>
      <h3>{cell.campaigns.length === 1 ? 'Campaign' : counted(cell.campaigns.length, 'campaign')}</h3>
      <ul class="plain">
        {cell.campaigns.map(({ campaign, state, held, runs }) => (
          <li key={campaign}>
            <a href={campaignLink(campaign)}>{campaign}</a> <Word state={state} text={stateText({ state, held })} />{' '}
            <span class="muted">{counted(runs, 'run')}</span>
          </li>
        ))}
      </ul>
    </>
  )
}

function Name({ cell }: { readonly cell: MatrixCell }): ComponentChild {
  const { image, cache, cut, rig, state } = cell
  const lie = lieName(cell)
  return (
    <>
      <h2 tabIndex={-1} id="cell-title">
        {image === '' ? 'image untold' : image} <span class="muted">on cache</span> {cache === '' ? 'untold' : cache}
      </h2>
      <p class="muted">
        cut by {cut === '' ? 'means untold' : cut}
        {rig === '' ? '' : `, rig ${rig}`}
        {lie === '' ? '' : `, ${lie}`}
      </p>
      <p>
        <Word state={state} text={stateText(cell)} />
      </p>
    </>
  )
}

function runsText(cell: MatrixCell): string {
  const { runs, held, violation, inconclusive, withoutCut, violationWithoutCut, verified } = cell
  const ofThem = violationWithoutCut === 0 ? '' : ` (${violationWithoutCut} of them violation)`
  const parts = [
    `${violation} violation`,
    `${held} held`,
    `${inconclusive} inconclusive`,
    ...(withoutCut === 0 ? [] : [`${withoutCut} without a cut${ofThem}`]),
    ...(runs === verified ? [] : [`${runs - verified} without a verdict`]),
  ]
  return `${runs}: ${parts.join(', ')}`
}
