/** One history: every state, every contract, judge against reference. The first disagreement is told in words, with what replays it. */
import type { Verdict } from '../../src/core/verdict.ts'
import { judgeTold } from '../../test/support/history-language.ts'
import { BASES, CONTRACTS, type SmallContract, describeContract, isAtomic } from './contract.ts'
import { type SmallHistory, covers, describeHistory } from './history.ts'
import { DEVICE, type OddContent, RUN, contractOf, historyOf, judge, wordsOf } from './judged.ts'
import { Reference, type UnderContract } from './reference.ts'
import { SECTOR_INDEXES, describeState } from './state.ts'
import type { SkeletonTables } from './tables.ts'

/** Findings are counted for every verdict; of one in so many each is compared by its write, and the listing with it. */
const LISTED_EVERY = 16
const FINDINGS_MAX = 64

/** How much was compared, and what was said. */
export interface Counts {
  histories: number
  states: number
  /** State and contract. */
  verdicts: number
  violation: number
  held: number
  inconclusive: number
  findings: number
  /** Of the verdicts, those compared finding by finding. */
  listed: number
  /** Verdicts on states with one sector that no execution can leave there. */
  odd: number
  /** Verdicts got from log and device as bytes. */
  throughBytes: number
}

export const noCounts = (): Counts => ({
  histories: 0,
  states: 0,
  verdicts: 0,
  violation: 0,
  held: 0,
  inconclusive: 0,
  findings: 0,
  listed: 0,
  odd: 0,
  throughBytes: 0,
})

/** What else is compared of a history. */
export interface CheckOptions {
  /** Contracts with an atomic unit, too. */
  readonly atomic: boolean
  /** States with a sector that no version explains. */
  readonly odd: boolean
  /** One state in so many through the log and the device as bytes; 0: none. */
  readonly bytesEvery: number
}

/** Compares all that can be said of a history. Returns the first disagreement, or nothing. */
export function checkHistory(
  tables: SkeletonTables,
  small: SmallHistory,
  counts: Counts,
  options: CheckOptions,
): string | undefined {
  const reference = new Reference(tables, small)
  const history = historyOf(small)
  const states = reference.states()
  counts.histories++
  counts.states += states.length
  for (const contract of contractsFor(small, options)) {
    const under = reference.under(contract)
    const judgedBy = contractOf(contract)
    for (const state of states) {
      const isListed = counts.verdicts % LISTED_EVERY === 0
      const expected = expectedOf(reference, under, state)
      const verdict = judge(history, judgedBy, state, isListed ? FINDINGS_MAX : 0)
      count(counts, expected, isListed)
      const found = isListed ? foundIn(verdict) : countedIn(verdict)
      const wanted = isListed ? sentence(expected) : countedOf(expected)
      if (wanted !== found) return difference(small, state, contract, wanted, found)
      const bytes = options.bytesEvery > 0 && counts.verdicts % options.bytesEvery === 0
      const problem =
        (options.odd ? checkOdd(small, history, contract, under, state, counts) : undefined) ??
        (bytes ? checkBytes(small, state, contract, expected, counts) : undefined)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** Contracts that differ for this history: an atomic unit matters only to a write of several sectors that lies in one. */
const contractsFor = ({ extents }: SmallHistory, { atomic }: CheckOptions): readonly SmallContract[] =>
  CONTRACTS.filter(
    (contract) =>
      contract.atomicSectors === 0 ||
      (atomic && extents.some((extent) => extent.sectors > 1 && isAtomic(contract, extent))),
  )

interface Saying {
  readonly word: Verdict['verdict']
  readonly findings: readonly string[]
  readonly consistentWith: readonly string[]
}

const expectedOf = (reference: Reference, under: UnderContract, state: number): Saying => ({
  word: under.word(state),
  findings: under.findings(state),
  consistentWith: reference.consistentWith(state),
})

function count(counts: Counts, { word, findings }: Saying, isListed: boolean): void {
  counts.verdicts++
  counts[word]++
  counts.findings += findings.length
  if (isListed) counts.listed++
}

const sentence = ({ word, findings, consistentWith }: Saying): string =>
  `${word}: ${findings.join(', ') || 'nothing'}; consistent with ${consistentWith.join(', ') || 'no contract'}`

const basesOf = (verdict: Verdict): readonly string[] => BASES.filter((base) => verdict.consistentWith.includes(base))

const foundIn = (verdict: Verdict): string =>
  sentence({ word: verdict.verdict, findings: wordsOf(verdict.findings), consistentWith: basesOf(verdict) })

const KINDS = ['lost', 'torn', 'reordered'] as const

/** How many of each kind, without their writes. */
function countedOf({ word, findings, consistentWith }: Saying): string {
  const having = (start: string): number => findings.filter((finding) => finding.startsWith(start)).length
  const counted = KINDS.map((kind) => `${having(`${kind}! `)}/${having(`${kind} `)}`)
  return `${word} ${counted.join(' ')} ${consistentWith.join(' ')}`
}

function countedIn(verdict: Verdict): string {
  const counted = KINDS.map((kind) => `${verdict.violations[kind]}/${verdict.hazards[kind]}`)
  return `${verdict.verdict} ${counted.join(' ')} ${basesOf(verdict).join(' ')}`
}

/** One sector at a time holds what no write of the run put there. Nothing that a disk may do explains it, but where the contract leaves the sector undefined. */
function checkOdd(
  small: SmallHistory,
  history: ReturnType<typeof historyOf>,
  contract: SmallContract,
  under: UnderContract,
  state: number,
  counts: Counts,
): string | undefined {
  for (const sector of SECTOR_INDEXES) {
    for (const content of [...ODD, ...mixesAt(small, sector), ...straysAt(small, sector)]) {
      const mayBeLeft = content.kind !== 'unreadable' && content.kind !== 'phantom'
      const isExplained = mayBeLeft && under.isUndefined(sector) && under.word(state) !== 'violation'
      const { verdict } = judge(history, contractOf(contract), state, 0, { sector, content })
      counts.odd++
      if ((verdict === 'violation') === isExplained)
        return difference(
          small,
          state,
          contract,
          isExplained ? 'no violation' : 'violation',
          verdict,
          `${content.kind} in sector ${sector}`,
        )
    }
  }
  return undefined
}

const OTHER = '00000000000000bb'
const ODD: readonly OddContent[] = [
  { kind: 'zeros' },
  { kind: 'older-run', run: OTHER, write: 7 },
  { kind: 'elsewhere', run: OTHER, device: OTHER, lba: 77, write: 7 },
  { kind: 'garbage', bitDistance: 1, nearestWrite: 1 },
  { kind: 'phantom', write: 9, why: 'beyond-window' },
  { kind: 'unreadable', errno: 'EIO' },
]

/** The head of each write over the baseline: a sector torn inside. */
const mixesAt = ({ extents }: SmallHistory, sector: number): readonly OddContent[] =>
  extents.flatMap((extent, i) => (covers(extent, sector) ? [{ kind: 'mix', offset: 256, head: i + 1, tail: 0 }] : []))

/** Sectors of the run's own writes that belong elsewhere: where their write is missing, it is that write which was misdirected. */
const straysAt = ({ extents }: SmallHistory, sector: number): readonly OddContent[] =>
  extents.flatMap(({ from, sectors }, i) =>
    Array.from({ length: sectors }, (_, index) => from + index)
      .filter((lba) => lba !== sector)
      .map((lba) => ({ kind: 'elsewhere', run: RUN, device: DEVICE, lba, write: i + 1 }) as const),
  )

/** The same verdict from the log's bytes and the sectors' bytes; only where the log issues every write can it be told. */
function checkBytes(
  small: SmallHistory,
  state: number,
  contract: SmallContract,
  expected: Saying,
  counts: Counts,
): string | undefined {
  const told = describeHistory(small)
  if (told.includes('|') || told === '') return undefined
  const line = `${told} CUT ${describeState(state).replaceAll('0', '.')}`
  const found = foundIn(judgeTold(line, { contract: describeContract(contract), baseline: 'format' }))
  counts.throughBytes++
  return found === sentence(expected)
    ? undefined
    : difference(small, state, contract, sentence(expected), found, 'as bytes')
}

function difference(
  small: SmallHistory,
  state: number,
  contract: SmallContract,
  expected: string,
  found: string,
  how = '',
): string {
  const where = `${describeHistory(small)} CUT ${describeState(state)} under ${describeContract(contract)}`
  return `${where}${how === '' ? '' : `, ${how}`}\n  reference: ${expected}\n  judge:     ${found}`
}
