import type { TrustPart } from '../part.ts'
import { mutantsCommand } from './command.ts'
import { type MutantsData, mutantsSection } from './section.ts'

/** The judge with a rule changed, and the test that notices. */
export const mutants: TrustPart = {
  name: 'mutants',
  command: () => mutantsCommand(mutants),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file that this part's own command wrote
  section: (data) => mutantsSection(data as MutantsData),
}
