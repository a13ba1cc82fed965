import type { TrustPart } from '../part.ts'
import { exhaustiveCommand } from './command.ts'
import type { ExhaustiveData } from './data.ts'
import { exhaustiveSection } from './section.ts'

/** The judge against a second model, over every small history. */
export const exhaustive: TrustPart = {
  name: 'exhaustive',
  command: () => exhaustiveCommand(exhaustive),
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file that this part's own command wrote
  section: (data) => exhaustiveSection(data as ExhaustiveData),
}
