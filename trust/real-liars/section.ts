/** What came of the real liars and of the edited image, as a part of docs/TRUST.md. */
import type { Figures, LiarData } from './campaigns.ts'
import { needsGuest } from './liars.ts'

export interface EditData {
  readonly name: string
  readonly command: string
  readonly expected: readonly string[]
  readonly found: readonly string[]
}

export interface RealLiarsData {
  readonly seed: string
  readonly versions: Readonly<Record<string, string>>
  readonly liars: readonly LiarData[]
  readonly edits: readonly EditData[]
}

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')

/** The command that measures it all again, with the seed and the counts of this time. */
export function commandOf({ seed, liars }: Pick<RealLiarsData, 'seed' | 'liars'>): string {
  const host = liars.find((liar) => !needsGuest(liar.options))
  const guest = liars.find((liar) => needsGuest(liar.options))
  return [
    'npm run trust -- real-liars',
    ...(host === undefined ? [] : [`--cuts ${host.figures.cuts}`]),
    ...(guest === undefined ? [] : [`--guest-cuts ${guest.figures.cuts}`]),
    `--seed ${seed}`,
  ].join(' ')
}

/** The section. */
export function sectionOf(data: RealLiarsData): string {
  const { versions, liars, edits } = data
  const used = Object.entries(versions).map(([program, version]) => `${program}: ${version}`)
  return `## Real liars

Disks of stock parts that break their promise, and the same rigs without the fault. Each row is a campaign of \`plugpull loop\` with the
options given; \`${commandOf(data)}\` runs them all again. A liar
is convicted where a stable write was found lost and a flush was named as the lie, in every cut; its twin has to hold in every cut. Where the
agent ended by itself, since a write had failed, what it left is judged by \`plugpull verify\` afterwards.

${table(['liar', 'how it lies', 'cuts', 'convicted', 'found', 'its honest twin'], liars.map(liarRow))}

${table(
  ['liar', 'options of `plugpull loop`', 'of the twin'],
  liars.map(({ name, options, twin }) => [name, `\`${options}\``, `\`${twin}\``]),
)}

An image edited by hand between cut and verify: one cycle of \`storage-daemon\` (64 sequential writes of 4 KiB, all flushed, SIGKILL,
qcow2), then one edit to a copy of what was left, then \`plugpull verify\`. Addresses are in sectors.

${table(['edit', 'command', 'has to be found', 'was found'], edits.map(editRow))}

Made with ${used.join('; ')}.`
}

function liarRow({ name, how, figures, twinFigures, expected }: LiarData): readonly (string | number)[] {
  const convicted =
    expected === 'convicted'
      ? `${figures.caught} of ${figures.cuts}`
      : `has to be none: ${figures.violation + figures.endedVerdicts.violation}`
  return [name, how, figures.cuts, convicted, foundBy(figures), twinText(twinFigures)]
}

function foundBy({
  lost,
  torn,
  others,
  liedFlushes,
  flushes,
  held,
  inconclusive,
  ended,
  cuts,
  endedVerdicts,
}: Figures): string {
  const accused = [
    lost > 0 ? `${lost} stable writes lost` : '',
    torn > 0 ? `${torn} torn` : '',
    others > 0 ? `${others} OTHERS` : '',
    liedFlushes > 0 ? `${liedFlushes} of ${flushes} flushes issued named a lie` : '',
  ]
  const rest = [
    held > 0 ? `held ${held}` : '',
    inconclusive > ended ? `inconclusive ${inconclusive - ended}` : '',
    ended > 0
      ? `the agent ended by itself before ${ended} of ${cuts} cuts; verify then: ${wordsOf(endedVerdicts)}`
      : '',
  ]
  return [...accused, ...rest].filter((text) => text !== '').join(', ')
}

const wordsOf = (verdicts: Figures['endedVerdicts']): string =>
  Object.entries(verdicts)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${word} ${count}`)
    .join(', ')

const twinText = ({ held, cuts, violation }: Figures): string => `held ${held} of ${cuts}, accused ${violation}`

function editRow({ name, command, expected, found }: EditData): readonly string[] {
  const same = expected.join() === found.join()
  return [name, command, shortened(expected), same ? 'exactly that' : `NOT THAT: ${shortened(found)}`]
}

const SHOWN = 2

function shortened(told: readonly string[]): string {
  if (told.length === 0) return 'nothing'
  const last = told.at(-1) ?? ''
  return told.length <= SHOWN ? told.join(', ') : `${told[0]}, … ${last} (${told.length})`
}
