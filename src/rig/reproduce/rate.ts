/** How often a script must show the finding to stand for a longer one: a single lucky cycle is not the same finding again. */

type Rate = { readonly shown: number; readonly cycles: number }

/** Shown so often, it is no chance hit, however rare it is. */
const SHOWN_ENOUGH = 2
const RATE_KEPT = 0.5
const RARE = 0.25

/** Whether it shows, and not much more rarely than what it is taken from, where there is that. */
export function isAsGood({ shown, cycles }: Rate, longer: Rate | undefined): boolean {
  if (shown === 0) return false
  return longer === undefined || shown >= SHOWN_ENOUGH || shown / cycles >= (RATE_KEPT * longer.shown) / longer.cycles
}

/** Shown once, in very many. */
export const isRare = (showing: Rate | undefined): boolean =>
  showing !== undefined && showing.shown < SHOWN_ENOUGH && showing.shown / showing.cycles < RARE
