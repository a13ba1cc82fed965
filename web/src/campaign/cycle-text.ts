/** A cycle in words: for its row, for the link of the strip and for screen readers. */
import { type Cycle, type CycleState, stateOf } from '../../../src/core/campaign/cycles.ts'
import { formatCount, formatMs } from '../../../src/core/size.ts'

export const CYCLE_STATES: readonly CycleState[] = ['violation', 'hazard', 'held', 'inconclusive', 'none']

export const STATE_NAMES: Readonly<Record<CycleState, string>> = {
  violation: 'violation',
  hazard: 'held, with hazards',
  held: 'held',
  inconclusive: 'inconclusive',
  none: 'no verdict yet',
}

/** `3 lost, 1 torn`, violations and hazards together; empty where there is none. */
export function lossText({ outcome }: Cycle): string {
  if (outcome === undefined) return ''
  const counts = [
    [outcome.lost, 'lost'],
    [outcome.torn, 'torn'],
    [outcome.reordered, 'reordered'],
    [outcome.other, 'of other kinds'],
  ] as const
  return counts.flatMap(([count, name]) => (count === 0 ? [] : [`${formatCount(count)} ${name}`])).join(', ')
}

export function cutText({ cut, outcome }: Cycle): string {
  if (cut !== undefined) return cut.died ? cut.kind : `${cut.kind} (survived)`
  return outcome === undefined || outcome.wasCut ? 'no cut recorded' : 'no cut'
}

/** `Cycle 17 of 2,000: violation, 3 lost, the oldest 1.2 s old`. */
export function cycleText(cycle: Cycle, number: number, of: number): string {
  const { outcome, fault } = cycle
  const losses = lossText(cycle)
  const oldest =
    outcome === undefined || outcome.oldestLostMs === 0 ? [] : [`the oldest ${formatMs(outcome.oldestLostMs)} old`]
  const words = [
    STATE_NAMES[stateOf(cycle)],
    ...(losses === '' ? [] : [losses]),
    ...oldest,
    ...(outcome !== undefined && !outcome.wasCut ? ['no cut'] : []),
    ...(fault === undefined ? [] : [`fault ${fault}`]),
  ]
  return `Cycle ${formatCount(number)} of ${formatCount(of)}: ${words.join(', ')}`
}
