/** The block that was chosen: where it is, what was written there, and the findings that touch it. */
import type { ComponentChild } from 'preact'
import { foundCode, lifeOf } from '../../../../src/core/map/block-state.ts'
import { counted, formatCount } from '../../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import { Await } from '../../components/states.tsx'
import { useJson } from '../../use-json.ts'
import type { FindingsPage } from '../documents.ts'
import { runPath } from '../documents.ts'
import { Swatch } from './legend.tsx'
import type { MapData } from './map-data.ts'
import { addressText, cellFacts, LIFE_NAMES, lbaOf, stateMeaning, stateName } from './words.ts'

export interface BlockDetailsProps {
  readonly run: string
  readonly map: MapData
  readonly block: number
  readonly openFinding: (number: number) => void
  readonly close: () => void
}

const LISTED = 20

export function BlockDetails({ run, map, block, openFinding, close }: BlockDetailsProps): ComponentChild {
  const { state, writes } = cellFacts(map, { from: block, to: block + 1 })
  const lba = lbaOf(map, block)
  const sectors = map.blockBytes / SECTOR_BYTES
  return (
    <section class="card block-details" aria-label="The chosen block">
      <div class="block-head">
        <Swatch state={state} />
        <strong>
          Block {formatCount(block)} at {addressText(lba * SECTOR_BYTES)}
        </strong>
        <span class="muted">
          LBA {formatCount(lba)}–{formatCount(lba + sectors - 1)}
        </span>
        <button type="button" class="small" onClick={close}>
          Close
        </button>
      </div>
      <p>
        <strong>{stateName(state)}</strong>: {stateMeaning(state)}.{' '}
        {foundCode(state) === 0 ? '' : `How far the newest write had got: ${LIFE_NAMES[lifeOf(state)]}. `}
        {writes === undefined
          ? ''
          : `${writes === 255 ? '255 or more' : writes} ${writes === 1 ? 'write touches' : 'writes touch'} it.`}
      </p>
      {foundCode(state) === 0 ? null : <FindingsHere run={run} lba={lba} sectors={sectors} openFinding={openFinding} />}
    </section>
  )
}

function FindingsHere({
  run,
  lba,
  sectors,
  openFinding,
}: {
  readonly run: string
  readonly lba: number
  readonly sectors: number
  readonly openFinding: (number: number) => void
}): ComponentChild {
  const loaded = useJson<FindingsPage>(runPath(run, `/findings?lba=${lba}&sectors=${sectors}&limit=${LISTED}`))
  return (
    <Await loaded={loaded} what="The findings of the block">
      {({ findings, matching, findingsOmitted }) => (
        <>
          <ul class="plain">
            {findings.map(({ number, kind, severity, explanation }) => (
              <li key={number}>
                <button type="button" class="link" onClick={() => openFinding(number)}>
                  Finding {formatCount(number)}
                </button>{' '}
                {kind} ({severity}): {explanation}
              </li>
            ))}
          </ul>
          {matching === 0 ? (
            <p class="muted">
              Of the findings here the verdict lists none: {counted(findingsOmitted, 'finding')} of the run are counted,
              but not listed.
            </p>
          ) : null}
          {matching > findings.length ? <p class="muted">and {formatCount(matching - findings.length)} more</p> : null}
        </>
      )}
    </Await>
  )
}
