/** The words of the tables: what the trials of one tool in one setting say together. Pure. */
import { settingText } from './settings.ts'
import type { FaultTrial, HonestTrial, PeersData, Row } from './data.ts'
import type { Setting } from './tool.ts'

const TEXTS_SHOWN = 3

/** Marks a detection in no other words than the tool has for honest disks: a user, who has no twin, could not have told it from them. */
export const DOUBTFUL = '†'

export const isFalseAlarm = ({ word }: HonestTrial): boolean => word === 'faulty'

/** All that it says is also said of an honest disk in the same setting. */
const isDoubtful = (row: Row, { says }: FaultTrial): boolean =>
  Object.keys(says).every((text) => row.honest.some((trial) => isFalseAlarm(trial) && text in trial.says))

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** Messages against an honest disk, run by run. */
export const falseAlarms = ({ honest }: Row): readonly number[] => honest.map(({ says }) => sum(says))

export const sameSetting = (a: Setting, b: Setting): boolean => settingText(a) === settingText(b)

/** One fault and one tool: detected, named, located. */
export function faultCell(row: Row, fault: string): string {
  const trials = row.faults.filter((trial) => trial.fault === fault)
  if (trials.length === 0) return 'no trial'
  const caught = caughtOf(trials)
  const undecided = trials.filter(({ word }) => word === 'cannot tell')
  const count = `${caught.length} of ${trials.length}`
  if (caught.length === 0) return undecided.length > 0 ? `${count}: no result (${saidBy(undecided)})` : `**${count}**`
  const doubt = caught.some((trial) => isDoubtful(row, trial)) ? ` ${DOUBTFUL}` : ''
  return `${count}${doubt}; ${namedText(caught)}; ${locatedText(caught)}`
}

const saidBy = (trials: readonly { readonly said?: string }[]): string =>
  [...new Set(trials.map(({ said }) => said ?? 'it said nothing'))].slice(0, 1).join('; ').replaceAll(/[|\n]/g, ' ')

function namedText(caught: readonly FaultTrial[]): string {
  const named = caught.filter((trial) => trial.named).length
  const word = named === caught.length ? 'named' : named === 0 ? 'not named' : `named in ${named}`
  return `${word}: ${quoted(caught.map(({ says }) => says))}`
}

/** The commonest messages first, in the tool's own words. */
export function quoted(counts: readonly Readonly<Record<string, number>>[]): string {
  const total = new Map<string, number>()
  for (const [text, count] of counts.flatMap((each) => Object.entries(each)))
    total.set(text, (total.get(text) ?? 0) + count)
  const texts = [...total].toSorted(([, a], [, b]) => b - a).map(([text]) => `“${text}”`)
  const more = texts.length > TEXTS_SHOWN ? ' …' : ''
  return texts.slice(0, TEXTS_SHOWN).join(', ') + more
}

function locatedText(caught: readonly FaultTrial[]): string {
  const isExact = caught.every(({ accused, found }) => accused === found)
  const spread = median(caught.map(({ accused, found }) => accused - found))
  const where = isExact ? 'the very sectors' : `those sectors and ${spread} more`
  const share = caught.reduce((total, { found, changed }) => total + found / changed, 0) / caught.length
  const part = share >= 1 ? '' : `, ${(Math.floor(share * 1000) / 10).toFixed(1)} % of what changed`
  return where + part + (caught.every(({ namesWrite }) => namesWrite) ? ', and which write' : '')
}

/** The middle one, or the lower of the two in the middle. */
export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0

const caughtOf = (trials: readonly FaultTrial[]): readonly FaultTrial[] => trials.filter(({ detected }) => detected)

/** Everything of one name, over all settings that it ran in. */
export function totalsOf(data: PeersData, name: string): readonly string[] {
  const rows = data.rows.filter((row) => row.name === name)
  const trials = rows.flatMap(({ faults }) => faults)
  const honest = rows.flatMap((row) => row.honest)
  const doubtful = rows.flatMap((row) => caughtOf(row.faults).filter((trial) => isDoubtful(row, trial)))
  const detected = caughtOf(trials)
  const outOf = (count: number): string => `${count} of ${trials.length}`
  return [
    name,
    [...new Set(rows.map(({ version }) => version))].join(', '),
    outOf(detected.length),
    String(doubtful.length),
    outOf(detected.filter(({ named }) => named).length),
    outOf(detected.filter(({ accused, found, changed }) => accused === found && found === changed).length),
    outOf(detected.filter(({ namesWrite }) => namesWrite).length),
    `${honest.filter(isFalseAlarm).length} of ${honest.length}`,
    String(rows.flatMap(falseAlarms).reduce((total, count) => total + count, 0)),
  ]
}
