/** What the three sectors hold, as one number: base 5, sector 0 lowest; the digit 0 is the baseline, w is write w. */
import { SECTORS } from './history.ts'

export const CONTENTS = 5
export const STATES = CONTENTS ** SECTORS
export const SECTOR_INDEXES: readonly number[] = Array.from({ length: SECTORS }, (_, sector) => sector)
export const POWERS: readonly number[] = Array.from({ length: SECTORS }, (_, sector) => CONTENTS ** sector)

const DIGITS = Uint8Array.from(
  { length: STATES * SECTORS },
  (_, i) => Math.floor(Math.floor(i / SECTORS) / CONTENTS ** (i % SECTORS)) % CONTENTS,
)

/** What the sector holds in that state. */
export const contentAt = (state: number, sector: number): number => DIGITS[state * SECTORS + sector] ?? 0

/** `012`. */
export const describeState = (state: number): string =>
  POWERS.map((_, sector) => String(contentAt(state, sector))).join('')
