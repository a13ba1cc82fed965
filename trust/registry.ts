/** The parts there are, in the order of the page: a new one is one new folder and one line here. */
import type { TrustPart } from './part.ts'
import { realLiarsPart } from './real-liars/part.ts'
import { replayPart } from './replay/part.ts'

export const PARTS: readonly TrustPart[] = [replayPart, realLiarsPart]
