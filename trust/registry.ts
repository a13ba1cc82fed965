/** The parts there are, in the order of the page: a new one is one new folder and one line here. */
import { cuts } from './cuts/part.ts'
import { exhaustive } from './exhaustive/part.ts'
import { liars } from './liars/part.ts'
import { mutants } from './mutants/part.ts'
import type { TrustPart } from './part.ts'
import { realLiarsPart } from './real-liars/part.ts'
import { replayPart } from './replay/part.ts'

export const PARTS: readonly TrustPart[] = [exhaustive, mutants, cuts, liars, replayPart, realLiarsPart]
