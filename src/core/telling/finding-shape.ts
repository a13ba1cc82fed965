/**
 * Whether what a verdict lists as a finding is one. A verdict may come from a file that somebody edited, or from another
 * program; what tells a finding relies on its parts, and a part that is missing must be named rather than stumbled over.
 */
import { isDeeperThan } from '../depth.ts'
import { ProbeError } from '../errors.ts'
import { FINDING_KINDS, type Finding } from '../finding.ts'
import { FOUND_CODES } from '../map/block-state.ts'
import { SECTOR_BYTES } from '../units.ts'
import type { Verdict } from '../verdict.ts'

type Check = (value: unknown) => boolean

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isInteger: Check = (value) => Number.isSafeInteger(value)
const isTime: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isText: Check = (value) => typeof value === 'string'
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value)
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const absentOr =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

/** The name of the first part that is not as it should be. */
function wrongPart(value: unknown, shape: Readonly<Record<string, Check>>): string | undefined {
  if (!isObject(value)) return 'itself'
  return Object.entries(shape).find(([name, check]) => !check(value[name]))?.[0]
}

const shaped =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    wrongPart(value, shape) === undefined

const CONTENTS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  version: { write: isCount },
  baseline: {},
  zeros: {},
  'older-run': { run: isText, write: isCount },
  elsewhere: { run: isText, device: isText, lba: isCount, write: isCount },
  mix: { offset: isCount, head: isCount, tail: isCount },
  garbage: { bitDistance: isInteger, nearestWrite: isInteger },
  phantom: { write: isCount, why: oneOf('beyond-window', 'not-in-plan') },
  unreadable: { errno: isText },
}

const isContent: Check = (value) => {
  const kind = isObject(value) ? value['kind'] : undefined
  return typeof kind === 'string' && Object.hasOwn(CONTENTS, kind) && shaped(CONTENTS[kind] ?? {})(value)
}

const isRun = shaped({
  index: isCount,
  sectors: isCount,
  state: oneOf('present', 'missing', 'superseded', 'overwritten', 'partial', 'unknown'),
  found: isContent,
  floor: absentOr(isCount),
})

/** Base64 of one sector has this length, with its padding. */
const EXHIBIT_LENGTH = Math.ceil(SECTOR_BYTES / 3) * 4
const isExhibit = shaped({
  lba: isCount,
  bytes: (value) =>
    typeof value === 'string' && value.length === EXHIBIT_LENGTH && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
})

const isStableBy: Check = (value) => {
  const by = isObject(value) ? value['by'] : undefined
  if (by === 'flush') return shaped({ flush: isCount, issuedMs: isTime, completedMs: isTime })(value)
  return by === 'fua' || by === 'write-through'
}

const FINDING: Readonly<Record<keyof Finding, Check>> = {
  kind: oneOf(...FINDING_KINDS),
  severity: oneOf('violation', 'hazard'),
  write: absentOr(isCount),
  lba: isCount,
  sectors: (value) => isCount(value) && value !== 0,
  missingSectors: listOf(isCount),
  boundaries: listOf(isCount),
  boundaryAlignments: listOf(isCount),
  runs: listOf(isRun),
  issuedMs: absentOr(isTime),
  completedMs: absentOr(isTime),
  stableBy: absentOr(isStableBy),
  ageMs: absentOr(isTime),
  survivor: absentOr(shaped({ write: isCount, writesAhead: isTime, msAhead: isTime })),
  rule: absentOr(isText),
  exhibits: absentOr(listOf(isExhibit)),
  explanation: isText,
}

/** Findings of verify are not nested so deep. */
const FINDING_DEPTH_MAX = 32
const isFoundRun: Check = (value) =>
  Array.isArray(value) && value.length === 2 && value.every(isCount) && value[1] <= FOUND_CODES

const FOUND_AT: Readonly<Record<string, Check>> = {
  foundAt: absentOr(
    shaped({ grainSectors: (value) => isCount(value) && value !== 0, lba: isCount, runs: listOf(isFoundRun) }),
  ),
}

const VERDICT: Readonly<Record<string, Check>> = {
  run: isText,
  verdict: oneOf('held', 'violation', 'inconclusive'),
  contract: isText,
  log: shaped({ lastRecordMs: isTime }),
  findings: Array.isArray,
  findingsOmitted: isCount,
  ...FOUND_AT,
}

/** Throws BAD_OPTION that names the first part of the verdict that is not as verify writes it. `source`: where it comes from. */
export function checkVerdict(verdict: Verdict, source: string): void {
  requireShape(verdict, VERDICT, 'the verdict', source)
  for (const [i, finding] of verdict.findings.entries()) checkFinding(finding, i + 1, source)
}

/** The same of where all was found. */
export function checkFoundAt(verdict: Verdict, source: string): void {
  requireShape(verdict, FOUND_AT, 'the verdict', source)
}

/** The same of one finding, that with this number. */
export function checkFinding(finding: unknown, number: number, source: string): void {
  requireShape(finding, FINDING, `finding ${number} of the verdict`, source)
}

/** What is wrong with it, in words that follow its name: `its lba is "x"`. `undefined`: nothing. */
export function findingFault(finding: unknown): string | undefined {
  if (isDeeperThan(finding, FINDING_DEPTH_MAX)) return `it is nested more than ${FINDING_DEPTH_MAX} deep`
  return faultOf(finding, FINDING)
}

function faultOf(value: unknown, shape: Readonly<Record<string, Check>>): string | undefined {
  const part = wrongPart(value, shape)
  if (part === undefined) return undefined
  const got = JSON.stringify(isObject(value) ? value[part] : value)?.slice(0, 80) ?? 'missing'
  return isObject(value) ? `its ${part} is ${got}` : `it is ${got}`
}

function requireShape(value: unknown, shape: Readonly<Record<string, Check>>, what: string, source: string): void {
  const fault = faultOf(value, shape)
  if (fault === undefined) return
  throw new ProbeError(
    'BAD_OPTION',
    `${what} in ${source} is not as verify writes it: ${fault}; give what verify --json printed, or verify the run again`,
  )
}
