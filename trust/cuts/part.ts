/** Part `cuts`: no honest disk is ever convicted. */
import type { TrustPart } from '../part.ts'
import { cutsCommand } from './command.ts'
import { checkCutsData } from './data.ts'
import { cutsSection } from './section.ts'

export const cuts: TrustPart = {
  name: 'cuts',
  command: () => cutsCommand(cuts),
  section: (data) => cutsSection(checkCutsData(data)),
}
