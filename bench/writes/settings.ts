/** What both sides are given alike. */

/** What is written over again and again, on every target. */
export const REGION_BYTES = 256 * 2 ** 20
/** Of each run; what comes before is not counted. */
export const MEASURED_MS = 700
/** After the last look, so that what is looked at is the middle of a run. */
export const MARGIN_MS = 150

/** Before the agent is looked at: each of its threads compiles its code for itself, and they share the processors. */
export const warmUpMs = (depth: number): number => 600 + 80 * depth
/** What the first of it amounts to is told for information. */
export const FIRST_MS = 500
