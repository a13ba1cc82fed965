/** Colour for people at a terminal: the few styles that the reports use, or none at all. */
import type { Style } from './report.ts'

type Styled = (text: string) => string

export interface Paint {
  readonly bold: Styled
  readonly dim: Styled
  readonly red: Styled
  readonly green: Styled
  readonly yellow: Styled
}

const wrap =
  (on: number, off: number) =>
  (text: string): string =>
    `\u001B[${on}m${text}\u001B[${off}m`
const plain = (text: string): string => text

const COLOURED: Paint = {
  bold: wrap(1, 22),
  dim: wrap(2, 22),
  red: wrap(31, 39),
  green: wrap(32, 39),
  yellow: wrap(33, 39),
}
const PLAIN: Paint = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain }

/** The styles, or functions that leave the text as it is. */
export const paintOf = (style: Style): Paint => (style.colour ? COLOURED : PLAIN)

/** Whether to colour what goes to `stream`: a terminal, and nobody asked for none (https://no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  const refused = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== ''
  return stream.isTTY === true && !refused && environment['TERM'] !== 'dumb'
}
