/**
 * What is to be kept of old runs, as it is asked for: an age, a size, and what goes beyond them. Pure: the clock is the
 * caller's, what is removed the store's.
 */
import { ProbeError } from '../../core/errors.ts'
import { counted, formatBytes, parseSize } from '../../core/size.ts'
import type { Pruned, PruneQuery } from '../store/store.ts'

export const WHAT = ['logs', 'runs'] as const
export type What = PruneQuery['what']

export interface RetentionPolicy {
  readonly what: What
  /** Runs created longer ago than this go. */
  readonly ageMsMax?: number
  /** The oldest go until the logs that are left take no more than this. */
  readonly keepBytes?: number
}

const AGE = /^(\d+(?:\.\d+)?)(m|h|d|w|y)$/
const UNIT_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

/** `90d`, `36h`, `2w` → milliseconds. Throws BAD_OPTION naming `option`. A number without a unit could be anything. */
export function parseAge(text: string, option: string): number {
  const [, number, unit = ''] = AGE.exec(text.trim()) ?? []
  const ms = Number(number) * (UNIT_MS[unit] ?? Number.NaN)
  if (!(ms > 0 && ms < 1000 * 365 * 86_400_000))
    throw new ProbeError(
      'BAD_OPTION',
      `${option} got ${JSON.stringify(text)}; it takes an age such as 90d, 12w, 36h or 1y`,
    )
  return ms
}

/** The options as a policy; `undefined` where nothing is asked for. `names`: what messages call age and size. */
export function policyOf(
  { age, size, what }: { readonly age?: string | undefined; readonly size?: string | undefined; readonly what: What },
  names: { readonly age: string; readonly size: string },
): RetentionPolicy | undefined {
  if (age === undefined && size === undefined) return undefined
  return {
    what,
    ...(age === undefined ? {} : { ageMsMax: parseAge(age, names.age) }),
    ...(size === undefined ? {} : { keepBytes: parseSize(size, names.size) }),
  }
}

/** What the store is asked at this time. */
export const queryOf = (
  { what, ageMsMax, keepBytes }: RetentionPolicy,
  nowMs: number,
  dryRun: boolean,
): Omit<PruneQuery, 'signal'> => ({
  what,
  at: new Date(nowMs).toISOString(),
  dryRun,
  ...(ageMsMax === undefined ? {} : { before: new Date(nowMs - ageMsMax).toISOString() }),
  ...(keepBytes === undefined ? {} : { keepBytes }),
})

/** One sentence for people. */
export function prunedText({ runs, bytes, spared }: Pruned, what: What, dryRun: boolean): string {
  const verb = dryRun ? 'would remove' : 'removed'
  const object =
    what === 'logs'
      ? `the ${runs === 1 ? 'log' : 'logs'} of ${counted(runs, 'run')}`
      : `${counted(runs, 'run')} with all that belongs to ${runs === 1 ? 'it' : 'them'}`
  const kept = what === 'logs' && runs > 0 ? '; verdicts and counts stay' : ''
  const left = spared === 0 ? '' : `; ${counted(spared, 'run')} spared: without a verdict nothing of a run goes`
  return `${verb} ${object}, ${formatBytes(bytes)} of log${kept}${left}`
}
