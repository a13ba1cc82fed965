/** Which finding somebody means: `3` by its number in the verdict's list, `w17` by its write, `lba:48` by its place, `lost:w17` with its kind. */
import { ProbeError } from '../errors.ts'
import { FINDING_KINDS, type Finding } from '../finding.ts'

const NAME = /^(?:(?!lba:)([a-z]+):)?(?:w(\d+)|lba:(\d+)|(\d+))$/

export interface NamedFinding {
  /** From 1, as listed. */
  readonly number: number
  readonly finding: Finding
  /** Numbers of other findings that the name fits as well. */
  readonly also: readonly number[]
}

/** The first finding of that name; throws BAD_OPTION that says what can be named. `omitted`: findings counted but not listed. */
export function findingNamed(findings: readonly Finding[], name: string, omitted = 0): NamedFinding {
  const fits = matcherOf(name)
  const matching = findings.flatMap((finding, i) => (fits(finding, i + 1) ? [{ number: i + 1, finding }] : []))
  const [first, ...others] = matching
  if (first !== undefined) return { ...first, also: others.map(({ number }) => number) }
  const has =
    findings.length === 0
      ? 'the verdict lists none'
      : `the verdict lists ${findings.length}; without FINDING they are listed`
  const more =
    omitted === 0
      ? ''
      : `; it may be among the ${omitted} that were counted but not listed: plugpull verify --findings-max N lists more`
  throw new ProbeError('BAD_OPTION', `no finding is ${JSON.stringify(name)}: ${has}${more}`)
}

function matcherOf(name: string): (finding: Finding, number: number) => boolean {
  const [whole, kind, write, lba, number] = NAME.exec(name) ?? []
  const known = kind === undefined || FINDING_KINDS.some((one) => one === kind)
  if (whole === undefined || !known) {
    throw new ProbeError(
      'BAD_OPTION',
      `FINDING got ${JSON.stringify(name)}; it takes a number from the list, w17, lba:48, or one of these with the kind ahead, as in lost:w17`,
    )
  }
  return (finding, itsNumber) => {
    if (kind !== undefined && finding.kind !== kind) return false
    if (write !== undefined) return finding.write === Number(write)
    if (lba !== undefined) return finding.lba <= Number(lba) && Number(lba) < finding.lba + finding.sectors
    return itsNumber === Number(number)
  }
}
