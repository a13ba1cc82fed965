/** An explanation for people: the sentence, the rule, the life of the sectors as a table and as lanes, the strip, the bytes. */
import { clock } from '../../core/telling/rule-met.ts'
import { legendOf, stripLines } from '../../core/telling/strip-picture.ts'
import { eventText } from '../../core/telling/event-text.ts'
import { LANE_LEGEND, lanesOf } from '../../core/telling/timeline-picture.ts'
import type { Finding } from '../../core/finding.ts'
import type { Verdict } from '../../core/verdict.ts'
import { type Paint, paintOf } from '../report/colour.ts'
import { cutLine } from '../report/cut-line.ts'
import type { Style } from '../report/report.ts'
import { placeOf } from '../report/story.ts'
import { counted, sectorSpan } from '../report/words.ts'
import { sectorLines } from './bytes-text.ts'
import type { Explanation } from '../../core/telling/explanation.ts'

const INDENT = '   '
const MS_WIDTH = 14
const TEXT_WIDTH = 100

/** The whole document. */
export function explanationText(explanation: Explanation, style: Style): string {
  const paint = paintOf(style)
  const { finding } = explanation
  const colour = finding.severity === 'violation' ? paint.red : paint.yellow
  const permitted = finding.severity === 'violation' ? 'the contract forbids it' : 'permitted by the contract'
  const lines = [
    ...wrapped(`${finding.kind.toUpperCase()} (${finding.severity}: ${permitted}): ${finding.explanation}.`, '').map(
      (line) => paint.bold(colour(line)),
    ),
    '',
    ...headLines(explanation),
    ...section('The rule', ruleLines(explanation), paint),
    ...section(
      `The life of ${sectorSpan(explanation.place.lba, explanation.place.sectors)}`,
      lifeLines(explanation),
      paint,
    ),
    ...section('What may be there, what must be, what was found', stripOfFinding(explanation), paint),
    ...section('The bytes', bytesLines(explanation, paint), paint),
    ...explanation.notes.map((note) => `\nNote: ${note}.`),
  ]
  return `${lines.join('\n')}\n`
}

function section(title: string, lines: readonly string[], paint: Paint): readonly string[] {
  return ['', paint.bold(title), ...lines.map((line) => (line === '' ? line : INDENT + line))]
}

function headLines({ run, campaign, number, also, contract, cut, finding }: Explanation): readonly string[] {
  const others = also.length === 0 ? '' : ` (also about it: ${also.join(', ')})`
  return [
    `finding   ${number}${others} of run ${run}, campaign ${campaign}`,
    `place     ${placeOf(finding)}`,
    `contract  ${contract}`,
    `cut       ${cutLine(cut)}`,
  ]
}

function ruleLines({ rule }: Explanation): readonly string[] {
  return [
    ...wrapped(rule.statement),
    ...wrapped(`(${rule.id}; docs/MODEL.md, “${rule.section}”; source: ${rule.source})`),
    'Here:',
    ...rule.met.flatMap((sentence) => wrapped(`- ${sentence}`, '  ')),
  ]
}

/** A paragraph in lines, every line after the first behind `hang`. */
function wrapped(text: string, hang = ''): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > TEXT_WIDTH) {
      lines.push(line)
      line = hang + word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

function lifeLines(explanation: Explanation): readonly string[] {
  const { life, timeline, writesOmitted, contract } = explanation
  const rows = timeline.map(
    (event) =>
      `${String(event.number).padStart(3)}  ${clock(event.ms).padStart(MS_WIDTH)}  ${eventText(event, explanation.life, sectorSpan)}`,
  )
  const unissued = life.writes.filter(({ issue }) => issue === undefined)
  const lanes = lanesOf(life, { stableWhenComplete: contract.startsWith('write-through') })
  if (life.writes.length === 0) return ['No write that may be on the device covers it.', endRow(explanation)]
  return [
    ...rows,
    endRow(explanation),
    ...unissued.map(
      ({ write, lba, sectors }) =>
        `     announced, its issue not recorded: write ${write}, ${sectorSpan(lba, sectors)}`,
    ),
    ...(writesOmitted === 0 ? [] : [`     and ${counted(writesOmitted, 'other write')} that touched the place`]),
    ...orderLines(explanation),
    '',
    ...lanes,
    LANE_LEGEND,
  ]
}

function endRow({ life, cut }: Explanation): string {
  const what = cut === undefined ? 'the end of the log' : `the power was cut (${cut.kind})`
  return `  ✂  ${clock(life.last.ms).padStart(MS_WIDTH)}  last sign of life of the agent; ${what}`
}

/** Which is before which, as a chain where it is one. */
function orderLines({ order }: Explanation): readonly string[] {
  if (order.length === 0) return []
  const chain = order.map(({ second, isBefore }) => `${isBefore ? '→' : '∥'} ${second}`).join(' ')
  const means = [
    ...(order.some(({ isBefore }) => isBefore) ? ['→ completed before the next was issued'] : []),
    ...(order.some(({ isBefore }) => !isBefore) ? ['∥ in flight together, neither before the other'] : []),
  ]
  return [`     order: ${order[0]?.first ?? 0} ${chain}   (${means.join('; ')})`]
}

function stripOfFinding({ cells, finding }: Explanation): readonly string[] {
  const about =
    finding.kind === 'lost' || finding.kind === 'torn' || finding.kind === 'reordered' ? finding.write : undefined
  const lines = stripLines(cells, about)
  return [...lines, ...legendOf(lines)]
}

function bytesLines({ sectors, bytesFrom, finding, run, device, place }: Explanation, paint: Paint): readonly string[] {
  if (bytesFrom === 'none' && finding.kind === 'unreadable') return ['What cannot be read has no bytes to show.']
  if (bytesFrom === 'none') {
    return [
      `No bytes of ${sectorSpan(place.lba, place.sectors)} were kept with this verdict. To see them: explain with --target,`,
      'the disk as it was after the cut (loop --keep FOLDER keeps one), or verify it again: verify keeps the first sectors that disagree.',
    ]
  }
  const from = bytesFrom === 'target' ? 'as the target holds it now' : 'as verify read it'
  return sectors.flatMap((sector, i) => [
    ...(i === 0 ? [] : ['']),
    ...sectorLines(sector, finding, { run, device }, paint).map((line, at) => (at === 0 ? `${line}; ${from}` : line)),
  ])
}

/** The findings that can be explained, with their numbers. */
export function findingsText({ findings, findingsOmitted, run }: Verdict): string {
  if (findings.length === 0) return `The verdict on run ${run} lists no finding: there is nothing to explain.\n`
  const lines = findings.map((finding, i) => `${String(i + 1).padStart(3)}  ${nameOf(finding)}: ${finding.explanation}`)
  const omitted = findingsOmitted === 0 ? [] : [`and ${counted(findingsOmitted, 'finding')} counted but not listed`]
  return `${[...lines, ...omitted].join('\n')}\n`
}

function nameOf({ kind, severity, write, lba }: Finding): string {
  const short = write === undefined || write === 0 ? `${kind}:lba:${lba}` : `${kind}:w${write}`
  return `${short} (${severity})`
}
