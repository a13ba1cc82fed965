/**
 * What a person understands at a glance: the word and why, what was checked, what was at risk, and the worst findings
 * with a picture of their blocks and the story of the writes that touched them.
 */
import type { Finding } from '../../core/finding.ts'
import { formatBytes, formatMs } from '../../core/size.ts'
import { SECTOR_BYTES } from '../../core/units.ts'
import type { Verdict } from '../../core/verdict.ts'
import { type Paint, paintOf } from './colour.ts'
import { cutLine } from './cut-line.ts'
import { type Picture, drawPicture, pictureOf } from './picture.ts'
import type { Neighbourhood, Report, Verification, WriteStory } from './report.ts'
import { factLines, nameOfWrite, placeOf, timesOfWrite } from './story.ts'
import { counted, formatClock, formatCount, hazardSummary, sectorSpan, violationSummary, whyOf } from './words.ts'
import { TOLD_IN_FULL, worstOf } from './worst.ts'

const LABEL_WIDTH = 12
const INDENT = '   '

export const text: Report = {
  name: 'text',
  summary: 'for people: verdict, counts, and the worst findings as a picture and a story',
  drawsPictures: true,
  render(verification, style) {
    const paint = paintOf(style)
    const worst = worstOf(verification.verdict.findings, TOLD_IN_FULL)
    const lines = [
      headline(verification.verdict, paint),
      '',
      ...summaryLines(verification).map(([label, value]) => paint.dim(label.padEnd(LABEL_WIDTH)) + value),
      ...worst.flatMap((finding, i) => [
        '',
        ...findingLines(i + 1, finding, verification.pictures.get(finding), paint),
      ]),
      ...moreLines(verification.verdict, worst.length),
    ]
    return `${lines.join('\n')}\n`
  },
}

function headline(verdict: Verdict, paint: Paint): string {
  const colours = { held: paint.green, violation: paint.red, inconclusive: paint.yellow } as const
  return `${paint.bold(colours[verdict.verdict](verdict.verdict.toUpperCase()))}: ${whyOf(verdict)}`
}

function summaryLines(verification: Verification): readonly (readonly [label: string, value: string])[] {
  const { verdict, manifest, remarks } = verification
  const { checked } = verdict
  const sectors = [
    `${formatCount(checked.stableSectors)} stable`,
    `${formatCount(checked.supersededSectors)} superseded`,
  ].join(', ')
  const writes = `${formatCount(checked.issuedWrites)} issued, ${formatCount(checked.completeWrites)} complete, ${formatCount(checked.stableWrites)} stable`
  return [
    ['run', `${verdict.run} of campaign ${manifest.campaign}, started ${manifest.startedAt}`],
    ['target', targetLine(verification)],
    ['cut', cutLine(verification.cut)],
    ['contract', contractLine(verdict)],
    [
      'checked',
      `${counted(checked.sectors, 'sector')} (${sectors}); writes: ${writes}; ${counted(checked.flushes, 'flush', 'flushes')}`,
    ],
    ['violations', violationSummary(verdict)],
    ['hazards', hazardSummary(verdict)],
    ['at risk', riskLine(verdict)],
    ['log', logLine(verdict, verification.log)],
    ...remarks.map((remark) => ['note', remark] as const),
  ]
}

function targetLine({ target, manifest }: Verification): string {
  const { sizeSectors, writeCache, path } = manifest.target
  const told = writeCache === undefined ? '' : `, guest was told "${writeCache}"`
  const seenAs = path === target.path ? '' : `, written as ${path} on ${manifest.environment.hostname}`
  return `${target.path} (${target.format}, ${formatBytes(sizeSectors * SECTOR_BYTES)}${told})${seenAs}`
}

function contractLine({ contract, consistentWith }: Verdict): string {
  const names = consistentWith.length === 0 ? 'none of the contracts' : consistentWith.join(', ')
  return `${contract}; what was found is consistent with ${names}`
}

function riskLine({ exposure, measures }: Verdict): string {
  const { lostWrites, lostBytes, oldestLostMs } = exposure
  const lost =
    lostWrites === 0
      ? 'no complete write was lost'
      : `${counted(lostWrites, 'complete write')} lost (${formatBytes(lostBytes)}), the oldest complete for ${formatMs(oldestLostMs)} when the power was cut`
  if (measures === undefined) return lost
  const { completeWrites, inFlightWrites } = measures.atRisk
  return `${lost}; when the cut came ${formatCount(completeWrites)} complete ${completeWrites === 1 ? 'write was' : 'writes were'} not stable yet, and ${formatCount(inFlightWrites)} in flight`
}

function logLine({ log }: Verdict, source: string): string {
  const tails = { clean: 'whole to its end', truncated: 'cut short', corrupt: 'damaged at its end' } as const
  const ended = log.ended ? 'the agent had ended by itself' : 'the agent was still at work at its end'
  return `${source}: ${tails[log.tail]}, ${ended}, last sign of life at ${formatClock(log.lastRecordMs)}`
}

function findingLines(
  number: number,
  finding: Finding,
  place: Neighbourhood | undefined,
  paint: Paint,
): readonly string[] {
  const colour = finding.severity === 'violation' ? paint.red : paint.yellow
  const write = finding.write === undefined || finding.write === 0 ? '' : `write ${finding.write}, `
  const rule = finding.rule === undefined ? '' : `, rule ${finding.rule}`
  const picture = place === undefined ? undefined : pictureOf(place)
  const lines = [
    finding.explanation,
    ...(picture === undefined || place === undefined ? [] : pictureLines(picture, place, paint)),
    ...storyLines(finding, place, picture),
    ...factLines(finding),
  ]
  const head = `${paint.bold(`${number}. ${colour(`${finding.kind} (${finding.severity}${rule})`)}`)}: ${write}${placeOf(finding)}`
  return [head, ...lines.map((line) => INDENT + line)]
}

function pictureLines(picture: Picture, place: Neighbourhood, paint: Paint): readonly string[] {
  const { before, after } = drawPicture(picture, paint.red)
  const width = Math.max(8, ...picture.legend.map(({ token }) => token.length + 1))
  const row = (token: string, meaning: string): string => token.padEnd(width) + meaning
  const span = `${sectorSpan(picture.lba, picture.sectors)}, ${formatBytes(picture.blockSectors * SECTOR_BYTES)} a block:`
  return [
    span,
    row('before', before),
    row('after', after),
    ...picture.legend.map(({ token, write, meaning }) => row(token, writeMeaning(write, meaning, place.writes))),
  ]
}

function writeMeaning(write: number | undefined, meaning: string, writes: ReadonlyMap<number, WriteStory>): string {
  const story = write === undefined ? undefined : writes.get(write)
  return story === undefined ? meaning : `${nameOfWrite(story)}: ${timesOfWrite(story)}`
}

/** The finding's own write, where the legend does not tell it already. */
function storyLines(
  finding: Finding,
  place: Neighbourhood | undefined,
  picture: Picture | undefined,
): readonly string[] {
  const { write } = finding
  if (write === undefined || write === 0 || picture?.legend.some((entry) => entry.write === write) === true) return []
  const story = place?.writes.get(write) ?? ownStory(finding, write)
  return story === undefined ? [] : [`${nameOfWrite(story)}: ${timesOfWrite(story)}`]
}

/** What a finding says about its write by itself; nothing where it only names it. */
function ownStory({ lba, sectors, issuedMs, completedMs, stableBy }: Finding, write: number): WriteStory | undefined {
  if (issuedMs === undefined) return undefined
  return {
    write,
    lba,
    sectors,
    fua: stableBy?.by === 'fua',
    issuedMs,
    ...(completedMs === undefined ? {} : { completedMs }),
    ...(stableBy === undefined ? {} : { stableBy }),
  }
}

function moreLines(verdict: Verdict, told: number): readonly string[] {
  const listed = verdict.findings.length - told
  const parts: string[] = []
  if (listed > 0) parts.push(`${counted(listed, 'more finding')} in --format json`)
  if (verdict.findingsOmitted > 0) {
    parts.push(`${counted(verdict.findingsOmitted, 'finding')} counted but not listed (--findings-max)`)
  }
  return parts.length === 0 ? [] : ['', parts.join('; ')]
}
