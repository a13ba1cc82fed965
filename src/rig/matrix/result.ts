/** A matrix as data, schema `plugpull.matrix/1`: each cell a campaign, with what it says about the documents. Pure. */
import { type RawOptions, workloadArguments } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { type Proportion, proportion } from '../../core/statistics.ts'
import type { VerdictWord } from '../../core/verdict.ts'
import { type LoopSummary, type Told, campaignOf } from '../campaign.ts'
import { isCaught } from '../loop.ts'
import { controlOf } from '../loop-options.ts'
import { type Cell, cellName, plainOf } from './cell.ts'
import { type Judgement, judgeClaims } from './claims.ts'
import { controlKey, triesThatCount } from './controls.ts'
import { type CellConfig, cellsIn } from './options.ts'
import { type BriefCycle, type MachineRecord, type MatrixState, cycleOf } from './record.ts'
import { type ToldView, toldView } from './told.ts'

export const MATRIX_SCHEMA = 'plugpull.matrix/1'
const PROBLEMS_MAX = 3

/** One liar, shared by the cells that name it. */
export interface ControlView {
  readonly control: string
  readonly rig: string
  readonly image: string
  readonly cache: string
  readonly cut: string
  readonly fault?: string
  readonly why: string
  readonly caught: boolean
  readonly cycles: number
}

export interface CellResult extends Cell {
  readonly verdict: VerdictWord
  readonly inconclusiveBecause: readonly string[]
  /** The liar that vouches for it; absent where the rig has none. */
  readonly control?: string
  /** Whether the liar was caught: where not, what the cell did not see proves nothing. */
  readonly trusted: boolean
  readonly summary: LoopSummary
  readonly told: ToldView
  readonly documents: readonly Judgement[]
  /** Of inconclusive cycles, the first few, each message once. */
  readonly problems: readonly string[]
}

/** Additions are welcome, removals are not. */
export interface MatrixResult {
  readonly schema: typeof MATRIX_SCHEMA
  readonly name: string
  /** `violation` where a cell broke its promise though its cache mode makes one: cache=unsafe promises nothing. */
  readonly verdict: VerdictWord
  readonly seed: string
  /** Command lines that made it, each once. */
  readonly commands: readonly string[]
  /** Options of the workload, as on the command line. */
  readonly workload: readonly string[]
  readonly fixed: RawOptions
  readonly cyclesWanted: number
  readonly cyclesDone: number
  readonly startedAt: string
  /** When its last cycle was cut. */
  readonly endedAt: string
  /** By rig: facts of the machines, each with the values it had. */
  readonly machines: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  readonly controls: readonly ControlView[]
  readonly cells: readonly CellResult[]
}

/** What a folder's records say. Throws BAD_OPTION where nothing was begun. */
export function matrixResult(state: MatrixState): MatrixResult {
  const { head, sessions } = state
  const cells = cellsIn(state)
  if (head === undefined) throw new ProbeError('BAD_OPTION', 'the folder has no matrix yet')
  const controls = controlViews(state, cells)
  const measured = cells.map((cell) => cellResult(state, cell, controls))
  const results = measured.map((result) => ({ ...result, documents: documentsOf(result, measured) }))
  const cutTimes = [...state.cells.values()].flatMap((cycles) =>
    [...cycles.values()].flatMap(({ cut }) => cut?.at ?? []),
  )
  return {
    schema: MATRIX_SCHEMA,
    name: head.name,
    verdict: verdictOf(results),
    seed: String(head.fixed['seed']),
    commands: [...new Set(sessions.map(({ command }) => command))],
    workload: workloadArguments(head.fixed),
    fixed: head.fixed,
    cyclesWanted: cells.reduce((sum, { config }) => sum + config.cycles, 0),
    cyclesDone: results.reduce((sum, { summary }) => sum + summary.cycles, 0),
    startedAt: head.at,
    endedAt: cutTimes.reduce((latest, at) => (at > latest ? at : latest), head.at),
    machines: machinesOf(state.machines),
    controls,
    cells: results,
  }
}

function controlViews(state: MatrixState, cells: readonly CellConfig[]): readonly ControlView[] {
  const views = new Map<string, ControlView>()
  for (const { config } of cells) {
    if (config.rig.positiveControl === undefined) continue
    const liar = controlOf(config)
    const control = controlKey(liar)
    const cycles = triesThatCount(state.controls.get(control) ?? [])
    views.set(control, {
      control,
      rig: liar.rig.name,
      image: liar.image,
      cache: liar.cache,
      cut: liar.cut,
      ...(liar.fault === undefined ? {} : { fault: liar.fault }),
      why: config.rig.positiveControl.why,
      caught: cycles.some(({ cycle }) => isCaught(cycleOf(cycle))),
      cycles: cycles.length,
    })
  }
  return [...views.values()]
}

function cellResult(state: MatrixState, { cell, config }: CellConfig, controls: readonly ControlView[]): MeasuredCell {
  const known = state.cells.get(cellName(cell)) ?? new Map<number, BriefCycle>()
  const cycles = [...known.values()].toSorted((a, b) => a.cycle - b.cycle).map(cycleOf)
  const control = config.rig.positiveControl === undefined ? undefined : controlKey(controlOf(config))
  const view = controls.find((candidate) => candidate.control === control)
  const trusted = view?.caught === true
  const { campaign, seed } = config
  const { verdict, inconclusiveBecause, summary } = campaignOf({ ...cell, campaign, seed }, cycles)
  const reasons = [...inconclusiveBecause]
  if (cycles.length > 0 && cycles.length < config.cycles)
    reasons.push(`${cycles.length} of ${config.cycles} cycles are done`)
  if (!trusted)
    reasons.push(view === undefined ? 'the rig has no positive control' : 'the positive control was not caught')
  const told = cycles.flatMap((cycle): readonly Told[] => (cycle.told === undefined ? [] : [cycle.told]))
  const word = verdict === 'held' && reasons.length > 0 ? 'inconclusive' : verdict
  return {
    ...cell,
    verdict: word,
    inconclusiveBecause: word === 'inconclusive' ? reasons : [],
    ...(control === undefined ? {} : { control }),
    trusted,
    summary,
    told: toldView(cell.cache, told),
    problems: [...new Set(cycles.flatMap(({ problem }) => problem ?? []))].slice(0, PROBLEMS_MAX),
  }
}

type MeasuredCell = Omit<CellResult, 'documents'>

/** What follows from the counts of a matrix, derived anew: bounds and judgements as this version makes them. */
export function derivedAnew(result: MatrixResult): MatrixResult {
  const measured = result.cells.map((cell): MeasuredCell => {
    const { violation, lost, torn, reordered, inconclusive } = cell.summary.rates
    const rates = {
      violation: proportionAnew(violation),
      lost: proportionAnew(lost),
      torn: proportionAnew(torn),
      reordered: proportionAnew(reordered),
      inconclusive: proportionAnew(inconclusive),
    }
    return { ...cell, summary: { ...cell.summary, rates } }
  })
  return { ...result, cells: measured.map((cell) => ({ ...cell, documents: documentsOf(cell, measured) })) }
}

const proportionAnew = ({ count, of }: Proportion): Proportion => proportion(count, of)

/** The claims on a cell; the one on subclusters needs the cell beside it that differs in them alone. */
function documentsOf(cell: MeasuredCell, all: readonly MeasuredCell[]): readonly Judgement[] {
  const { rig, image, cache, cut, summary, trusted } = cell
  const plain = cellName({ rig, image: plainOf(image), cache, cut })
  const beside = all.find((other) => other.image !== image && cellName(other) === plain)
  return judgeClaims(
    { rig, image, cache, cut },
    { rates: summary.rates, trusted, ...(beside === undefined ? {} : { tornWithout: beside.summary.rates.torn }) },
  )
}

function verdictOf(cells: readonly CellResult[]): VerdictWord {
  const promising = cells.filter(({ cache }) => cache !== 'unsafe')
  if (promising.some(({ verdict }) => verdict === 'violation')) return 'violation'
  return cells.length === 0 || cells.some(({ verdict }) => verdict === 'inconclusive') ? 'inconclusive' : 'held'
}

/** Facts of all machines of a rig, put together. */
function machinesOf(records: readonly MachineRecord[]): MatrixResult['machines'] {
  const rigs: Record<string, Record<string, string[]>> = {}
  for (const { cell, facts } of records) {
    const rig = (rigs[cell.split('/')[0] ?? ''] ??= {})
    for (const [name, value] of Object.entries(facts)) {
      const values = (rig[name] ??= [])
      if (!values.includes(value)) values.push(value)
    }
  }
  return rigs
}
