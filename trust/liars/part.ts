/** Part `liars`: each liar is convicted of its own fault, and how many cuts that takes. */
import type { TrustPart } from '../part.ts'
import { liarsCommand } from './command.ts'
import { checkLiarsData } from './data.ts'
import { liarsSection } from './section.ts'

export const liars: TrustPart = {
  name: 'liars',
  command: () => liarsCommand(liars),
  section: (data) => liarsSection(checkLiarsData(data)),
}
