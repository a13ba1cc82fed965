/** A strip of sectors as a table for people: for each stretch what was written last, what must and may be there, what was found. */
import type { Content } from '../finding.ts'
import type { StripCell } from './strip.ts'

/** Stretches on one line of the picture, and in all of it. */
const CELLS_A_LINE = 6
const CELLS_MAX = 12
const VERSIONS_MAX = 4
const LABEL_WIDTH = 10

/** `w17`, or `old` for what was there before the run. */
export const versionName = (write: number): string => (write === 0 ? 'old' : `w${write}`)

/** A few versions, and how many more there are. */
export function versionNames(writes: readonly number[]): string {
  if (writes.length === 0) return '–'
  if (writes.length <= VERSIONS_MAX) return writes.map(versionName).join(' ')
  const [first = 0] = writes
  const last = writes.slice(1 - VERSIONS_MAX)
  return [versionName(first), `(${writes.length - VERSIONS_MAX} more)`, ...last.map(versionName)].join(' ')
}

/** What a sector holds, in a word or two. */
export function contentName(content: Content): string {
  switch (content.kind) {
    case 'version':
      return versionName(content.write)
    case 'baseline':
      return 'old'
    case 'zeros':
      return 'zeros'
    case 'older-run':
      return `older run's w${content.write}`
    case 'elsewhere':
      return `w${content.write} of LBA ${content.lba}`
    case 'mix':
      return `${versionName(content.head)}|${versionName(content.tail)} at ${content.offset}`
    case 'garbage':
      return `junk${content.bitDistance < 0 ? '' : ` near ${versionName(content.nearestWrite)}`}`
    case 'phantom':
      return `phantom w${content.write}`
    case 'unreadable':
      return `error ${content.errno}`
  }
}

const spanOf = ({ lba, sectors }: StripCell): string => (sectors === 1 ? `${lba}` : `${lba}–${lba + sectors - 1}`)

/** The lines of the picture; `about` names the finding's write, whose state the last row tells. */
export function stripLines(cells: readonly StripCell[], about: number | undefined): readonly string[] {
  const shown = cells.slice(0, CELLS_MAX)
  const lines: string[] = []
  for (let at = 0; at < shown.length; at += CELLS_A_LINE)
    lines.push(...tableOf(shown.slice(at, at + CELLS_A_LINE), about))
  return cells.length > shown.length ? [...lines, `… and ${cells.length - shown.length} more stretches`] : lines
}

/** What the names in those lines mean: only of names that are there. `ofWhat`: whose writes, as in ` of the script`. */
export function legendOf(lines: readonly string[], ofWhat = ''): readonly string[] {
  const write = lines.flatMap((line) => /\bw([1-9]\d*)/.exec(line)?.[1] ?? [])[0]
  const parts = [
    ...(lines.some((line) => /\bold\b/.test(line)) ? ['old: what was there before the run'] : []),
    ...(write === undefined ? [] : [`w${write}: write ${write}${ofWhat}`]),
  ]
  return parts.length === 0 ? [] : [parts.join('; ')]
}

function tableOf(cells: readonly StripCell[], about: number | undefined): readonly string[] {
  const rows = [
    ['sectors', ...cells.map(spanOf)],
    ['written', ...cells.map(({ written }) => versionName(written))],
    ['may be', ...cells.map(({ allowed }) => versionNames(allowed))],
    ['must be', ...cells.map(mustBe)],
    ['found', ...cells.map(({ found }) => (found === undefined ? 'not told' : contentName(found)))],
    ...(about === undefined || about === 0 || cells.every(({ state }) => state === undefined)
      ? []
      : [[`${versionName(about)} is`, ...cells.map(({ state }) => state ?? '–')]]),
  ]
  const widths = cells.map((_, i) => Math.max(...rows.map((row) => row[i + 1]?.length ?? 0)))
  const rule = (left: string, middle: string, right: string): string =>
    ''.padEnd(LABEL_WIDTH) + left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right
  const line = ([label = '', ...values]: readonly string[]): string =>
    `${label.padEnd(LABEL_WIDTH)}│${values.map((value, i) => ` ${value.padEnd(widths[i] ?? 0)} `).join('│')}│`
  const [head = [], ...body] = rows
  return [rule('┌', '┬', '┐'), line(head), rule('├', '┼', '┤'), ...body.map(line), rule('└', '┴', '┘')]
}

/** One of the floor's versions, or something later; nothing where any version may be there. */
export function mustBe({ floor, allowed }: Pick<StripCell, 'floor' | 'allowed'>): string {
  if (floor.length === 0) return allowed.length === 1 ? 'old' : '–'
  return allowed.length > floor.length ? `${versionNames(floor)} or later` : versionNames(floor)
}
