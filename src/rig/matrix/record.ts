/**
 * The state of a matrix as lines of JSON, one for each thing that is finished. Pure: lines to what is known, and back.
 * A line without its end is the one that a kill interrupted, and counts for nothing; state.ts keeps the file.
 */
import type { RawOptions } from '../../core/agent-options.ts'
import type { VerdictSummary } from '../../core/campaign/campaign.ts'
import { ProbeError } from '../../core/errors.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { CycleResult } from '../campaign.ts'

export const STATE_SCHEMA = 'plugpull.matrix-state/1'

/** A cycle without its findings, which the collector has. */
export interface BriefCycle extends Omit<CycleResult, 'verdict'> {
  readonly verdict?: VerdictSummary
}

/** What every cycle of the folder has in common, for ever. */
export interface HeadRecord {
  readonly kind: 'head'
  readonly schema: typeof STATE_SCHEMA
  readonly name: string
  readonly at: string
  /** Options that decide what a cycle is, as on the command line. */
  readonly fixed: RawOptions
}

/** One start of the command on the folder. */
export interface SessionRecord {
  readonly kind: 'session'
  readonly at: string
  /** The command line. */
  readonly command: string
  /** What it was asked for: rig, cache, image, cut, cycles, as on the command line. */
  readonly selection: RawOptions
}

/** Where a cell's cycles ran, as the agent and the rig tell. */
export interface MachineRecord {
  readonly kind: 'machine'
  readonly cell: string
  readonly facts: Readonly<Record<string, string>>
}

export interface CycleRecord {
  readonly kind: 'cycle'
  readonly cell: string
  readonly cycle: BriefCycle
}

/** A cycle of a liar. */
export interface ControlRecord {
  readonly kind: 'control'
  readonly control: string
  /** The host and its programs at the time (hostFacts); absent in folders of an earlier version. */
  readonly host?: Readonly<Record<string, string>>
  readonly cycle: BriefCycle
}

export type StateRecord = HeadRecord | SessionRecord | MachineRecord | CycleRecord | ControlRecord

/** All that a folder knows. */
export interface MatrixState {
  readonly head?: HeadRecord
  readonly sessions: readonly SessionRecord[]
  readonly machines: readonly MachineRecord[]
  /** Cycles by cell, then by number: of a cycle that was run again, the newest. */
  readonly cells: ReadonlyMap<string, ReadonlyMap<number, BriefCycle>>
  readonly controls: ReadonlyMap<string, readonly ControlRecord[]>
}

const KINDS: readonly string[] = ['head', 'session', 'machine', 'cycle', 'control'] satisfies StateRecord['kind'][]

/** One line of the file. */
export const lineOf = (record: StateRecord): string => `${JSON.stringify(record)}\n`

/** The bytes up to the last whole line: what a reader counts, and where a writer goes on. */
export const wholeBytes = (bytes: Uint8Array): number => bytes.lastIndexOf(0x0a) + 1

/** Throws OUTPUT_IO, naming the file and line, where a whole line is not one of ours. */
export function parseRecords(text: string, path: string): readonly StateRecord[] {
  const lines = text.split('\n')
  // Behind the last end of a line is nothing, or the line that was interrupted.
  lines.pop()
  return lines.map((line, index) => parseRecord(line, `${path}, line ${index + 1},`))
}

function parseRecord(line: string, where: string): StateRecord {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch (cause) {
    throw new ProbeError('OUTPUT_IO', `${where} is damaged; choose another --output`, { cause })
  }
  if (isRecord(parsed)) return parsed
  throw new ProbeError('OUTPUT_IO', `${where} is not a record of a matrix of this version; choose another --output`)
}

/** Our own program wrote it; the schema in the head says which version of it. */
function isRecord(parsed: unknown): parsed is StateRecord {
  if (typeof parsed !== 'object' || parsed === null || !('kind' in parsed)) return false
  if (parsed.kind === 'head' && !('schema' in parsed && parsed.schema === STATE_SCHEMA)) return false
  return typeof parsed.kind === 'string' && KINDS.includes(parsed.kind)
}

/** Adds up the records, in their order. */
export function stateOf(records: readonly StateRecord[]): MatrixState {
  const cells = new Map<string, Map<number, BriefCycle>>()
  const controls = new Map<string, ControlRecord[]>()
  const head = records.find((record) => record.kind === 'head')
  for (const record of records) {
    if (record.kind === 'cycle') entry(cells, record.cell, () => new Map()).set(record.cycle.cycle, record.cycle)
    if (record.kind === 'control') entry(controls, record.control, () => []).push(record)
  }
  return {
    ...(head === undefined ? {} : { head }),
    sessions: records.filter((record) => record.kind === 'session'),
    machines: records.filter((record) => record.kind === 'machine'),
    cells,
    controls,
  }
}

function entry<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** What is kept of a cycle. */
export function briefOf({ verdict, ...cycle }: CycleResult): BriefCycle {
  if (verdict === undefined) return cycle
  const { findings: _, foundAt: __, ...summary } = verdict
  return { ...cycle, verdict: summary }
}

/** The cycle for the arithmetic of campaigns, which looks at no finding. */
export function cycleOf({ verdict, ...cycle }: BriefCycle): CycleResult {
  if (verdict === undefined) return cycle
  const whole: Verdict = { ...verdict, findings: [] }
  return { ...cycle, verdict: whole }
}
