/** A finding told: the sentence, the rule and how it is met, the events in order, the sectors, the bytes, and how to see it again. */
import type { ComponentChild, ComponentChildren } from 'preact'
import { describeContent } from '../../../../src/core/explain.ts'
import { counted, formatCount } from '../../../../src/core/size.ts'
import { clock } from '../../../../src/core/telling/rule-met.ts'
import { contentName, mustBe, versionName, versionNames } from '../../../../src/core/telling/strip-picture.ts'
import { eventText } from '../../../../src/core/telling/event-text.ts'
import { LANE_LEGEND, lanesOf } from '../../../../src/core/telling/timeline-picture.ts'
import { SECTOR_BYTES } from '../../../../src/core/units.ts'
import type { Story } from '../documents.ts'
import { addressText } from '../map/words.ts'
import { SectorBytes } from './bytes.tsx'
import { CopyText } from './copy-text.tsx'
import { Severity } from './severity.tsx'

export function StoryView({ story }: { readonly story: Story }): ComponentChild {
  const { finding, place } = story
  const permitted = finding.severity === 'violation' ? 'the contract forbids it' : 'permitted by the contract'
  return (
    <>
      <p class="lead">
        <Severity kind={finding.kind} severity={finding.severity} /> {finding.explanation}.
      </p>
      <p class="muted">
        {permitted}; contract <code>{story.contract}</code>; {sectorSpan(place.lba, place.sectors)} at{' '}
        {addressText(place.lba * SECTOR_BYTES)}
      </p>
      <Rule story={story} />
      <Part title="What happened, in order">
        <Events story={story} />
      </Part>
      <Part title="What may be there, what must be, what was found">
        <Strip story={story} />
      </Part>
      <Part title="The bytes">
        <Bytes story={story} />
      </Part>
      <Part title="See it again">
        <Reproduction story={story} />
      </Part>
      {story.notes.map((note) => (
        <p key={note}>Note: {note}.</p>
      ))}
    </>
  )
}

function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }): ComponentChild {
  return (
    <>
      <h4>{title}</h4>
      {children}
    </>
  )
}

const sectorSpan = (lba: number, sectors: number): string =>
  sectors === 1 ? `sector ${formatCount(lba)}` : `sectors ${formatCount(lba)}–${formatCount(lba + sectors - 1)}`

function Rule({ story: { rule } }: { readonly story: Story }): ComponentChild {
  return (
    <Part title="The rule">
      <blockquote>{rule.statement}</blockquote>
      <p class="muted small-text">
        <code>{rule.id}</code>; docs/MODEL.md, “{rule.section}”; {rule.source}
      </p>
      <p>Here:</p>
      <ul>
        {rule.met.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </Part>
  )
}

function Events({ story }: { readonly story: Story }): ComponentChild {
  const { timeline, life, cut, contract, writesOmitted } = story
  if (life.writes.length === 0) return <p>No write that may be on the target covers it.</p>
  const lanes = lanesOf(life, { stableWhenComplete: contract.startsWith('write-through') })
  return (
    <>
      <ol class="events">
        {timeline.map((event) => (
          <li key={event.number}>
            <span class="mono muted">{clock(event.ms)}</span> <span>{eventText(event, story.life, sectorSpan)}</span>
          </li>
        ))}
        <li class="event-cut">
          <span class="mono muted">{clock(life.last.ms)}</span>{' '}
          <span>
            last sign of life of the agent;{' '}
            {cut === undefined ? 'the end of the log' : `the power was cut (${cut.kind})`}
          </span>
        </li>
      </ol>
      {writesOmitted === 0 ? null : (
        <p class="muted">and {counted(writesOmitted, 'other write')} that touched the place</p>
      )}
      <pre class="lanes" tabIndex={0} role="img" aria-label="The same events as lanes, one a write or flush">
        {lanes.join('\n')}
      </pre>
      <p class="muted small-text">{LANE_LEGEND}</p>
    </>
  )
}

const CELLS_SHOWN = 24

function Strip({ story: { cells, finding } }: { readonly story: Story }): ComponentChild {
  const isOfWrite = finding.kind === 'lost' || finding.kind === 'torn' || finding.kind === 'reordered'
  const about = isOfWrite && finding.write !== undefined && finding.write > 0 ? versionName(finding.write) : undefined
  const shown = cells.slice(0, CELLS_SHOWN)
  return (
    <>
      <section class="table-frame" tabIndex={0} aria-label="The sectors of the finding">
        <table class="strip">
          <thead>
            <tr>
              <th scope="col">sectors</th>
              <th scope="col">written last</th>
              <th scope="col">may be there</th>
              <th scope="col">must be there</th>
              <th scope="col">found</th>
              {about === undefined ? null : <th scope="col">{about} is</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((cell) => (
              <tr key={cell.lba} class={cell.state === 'missing' || cell.state === 'partial' ? 'bad' : undefined}>
                <th scope="row" class="mono">
                  {cell.sectors === 1 ? cell.lba : `${cell.lba}–${cell.lba + cell.sectors - 1}`}
                </th>
                <td>{versionName(cell.written)}</td>
                <td>{versionNames(cell.allowed)}</td>
                <td>{mustBe(cell)}</td>
                <td title={cell.found === undefined ? undefined : describeContent(cell.found)}>
                  {cell.found === undefined ? 'not told' : contentName(cell.found)}
                </td>
                {about === undefined ? null : (
                  <td>
                    {cell.state === 'missing' || cell.state === 'partial' ? '✕ ' : ''}
                    {cell.state ?? '–'}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="muted small-text">
        w17: write 17; old: what was there before the run.
        {cells.length > shown.length
          ? ` ${counted(cells.length - shown.length, 'more stretch', 'more stretches')}.`
          : ''}
      </p>
    </>
  )
}

function Bytes({ story }: { readonly story: Story }): ComponentChild {
  if (story.sectors.length === 0 && story.finding.kind === 'unreadable')
    return <p>What cannot be read has no bytes to show.</p>
  if (story.sectors.length === 0)
    return (
      <p>
        No bytes of this place were kept with the verdict: at most 64 sectors of a verdict are. To see them, tell it
        from the disk as it was after the cut:{' '}
        <code>
          plugpull explain {story.run} {story.number} --collector {location.origin} --target DISK
        </code>
      </p>
    )
  return (
    <>
      {story.sectors.map((sector) => (
        <SectorBytes key={sector.lba} sector={sector} run={story.run} device={story.device} />
      ))}
    </>
  )
}

function Reproduction({ story: { reproduction } }: { readonly story: Story }): ComponentChild {
  const { command, start } = reproduction
  return (
    <>
      <p>Shrinks the run to the shortest script that shows it again on the rig that made it, and runs that:</p>
      <CopyText text={command.replace('URL', location.origin)} what="the command" />
      {start === undefined ? null : (
        <>
          <p>
            It begins with {start.what} ({counted(start.statements, 'statement')}), for{' '}
            <code>--workload script --script</code>:
          </p>
          <CopyText text={start.script} what="the script" />
        </>
      )}
    </>
  )
}
