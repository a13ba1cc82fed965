/** What is tried in the guest, and what came of it. */

/** Cadences; the first is the one with a goal. */
export const FLUSHES = [16, 1, 64] as const
export const REGION_MIB = 32

export interface Trial {
  readonly program: 'fio' | 'agent'
  readonly flushEvery: number
  /** Names it: to the collector too, where it is the agent's. */
  readonly run: string
}

/** Writes a second, whole and second by second; fio tells only the whole. */
export interface Rate {
  readonly perSecond: number
  readonly seconds?: readonly number[]
}

export type TrialResult = Omit<Trial, 'run'> & Rate
