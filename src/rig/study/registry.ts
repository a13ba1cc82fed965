/** The studies there are: a new one is one new file and one line here. */
import { ProbeError } from '../../core/errors.ts'
import { formatsStudy } from './formats.ts'
import { journalStudy } from './journal.ts'
import { libguestfsStudy } from './libguestfs.ts'
import { qcow2CacheStudy } from './qcow2-cache.ts'
import { sleepStudy } from './sleep.ts'
import type { Study } from './study.ts'

export const STUDIES: readonly Study[] = [sleepStudy, qcow2CacheStudy, formatsStudy, journalStudy, libguestfsStudy]

/** The study of that name; throws BAD_OPTION naming those there are. */
export function studyNamed(name: string): Study {
  const found = STUDIES.find((study) => study.name === name)
  if (found === undefined) {
    throw new ProbeError(
      'BAD_OPTION',
      `the study ${JSON.stringify(name)} is not there; there are ${STUDIES.map((study) => study.name).join(', ')}`,
    )
  }
  return found
}
