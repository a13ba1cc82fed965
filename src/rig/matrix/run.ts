/**
 * The matrix at work: first the liars, then the cells, cycle by cycle. Round after round rather than cell after cell: a matrix that
 * is stopped half-way has half the cycles of every cell, and what changes on the machine meanwhile touches all cells alike.
 */
import type { CycleResult } from '../campaign.ts'
import type { Collector } from '../children.ts'
import { requireCollector } from '../collector-there.ts'
import { runCycle } from '../cycle.ts'
import { CONTROL_TRIES_MAX, cycleContext, isCaught } from '../loop.ts'
import type { LoopConfig } from '../loop-options.ts'
import { sideBySide } from '../side-by-side.ts'
import { cellName } from './cell.ts'
import { liarsOf, triesOn } from './controls.ts'
import { hostFacts, machineFacts } from './machine-facts.ts'
import type { CellConfig, MatrixConfig } from './options.ts'
import { type BriefCycle, type MatrixState, briefOf, cycleOf } from './record.ts'
import type { MatrixFolder } from './state.ts'

export interface MatrixContext {
  readonly collector: Collector
  readonly folder: MatrixFolder
  readonly signal: AbortSignal
  /** Called when the number of cycles to come is known, liars not counted. */
  readonly onPlan: (todo: number, done: number) => void
  /** Called with each finished cycle. */
  readonly onCycle: (cell: string, result: CycleResult) => void
  /** Called with each liar once it is known whether it was caught. */
  readonly onControl: (control: string, caught: boolean) => void
}

/** Runs what the folder does not have yet. Throws INTERRUPTED, what no cycle could change, and the end of the collector. */
export async function runMatrix(config: MatrixConfig, context: MatrixContext): Promise<void> {
  for (const rig of new Set(config.cells.map((cell) => cell.config.rig)))
    rig.require(config.cells.find((cell) => cell.config.rig === rig)?.config.rigOptions)
  await runLiars(config, context)
  const todo = cyclesToCome(config, context.folder.state())
  context.onPlan(todo.length, config.cells.length * config.cycles - todo.length)
  const seen = new Set<string>()
  await sideBySide(todo, config.jobs, context.signal, async ({ cell, cycle }, signal) => {
    const name = cellName(cell.cell)
    const result = await cycleOn(context, cell.config, cycle, signal)
    if (!seen.has(name) && result.told !== undefined) {
      seen.add(name)
      const { manifest } = await context.collector.client.run(result.run)
      context.folder.append({ kind: 'machine', cell: name, facts: machineFacts(manifest) })
    }
    context.folder.append({ kind: 'cycle', cell: name, cycle: briefOf(result) })
    context.onCycle(name, result)
  })
}

interface CycleToCome {
  readonly cell: CellConfig
  readonly cycle: number
}

/** What is not there yet, and on demand what came to nothing. */
export function cyclesToCome(config: MatrixConfig, state: MatrixState): readonly CycleToCome[] {
  const rounds = Array.from({ length: config.cycles }, (_, index) => index + 1)
  const isDone = (had: BriefCycle | undefined): boolean =>
    had !== undefined && !(config.retryInconclusive && had.word === 'inconclusive')
  return rounds.flatMap((cycle) =>
    config.cells.flatMap((cell) => (isDone(state.cells.get(cellName(cell.cell))?.get(cycle)) ? [] : [{ cell, cycle }])),
  )
}

async function runLiars(config: MatrixConfig, context: MatrixContext): Promise<void> {
  const liars = [...liarsOf(config.cells, config.name)]
  for (const [, liar] of liars) liar.rig.require(liar.rigOptions)
  if (liars.length === 0) return
  const host = await hostFacts()
  await sideBySide(liars, config.jobs, context.signal, async ([key, liar], signal) => {
    const all = context.folder.state().controls.get(key) ?? []
    const had = triesOn(host, all)
    if (had.some(({ cycle }) => isCaught(cycleOf(cycle)))) return
    const tries = config.retryInconclusive ? CONTROL_TRIES_MAX : CONTROL_TRIES_MAX - had.length
    let caught = false
    for (let cycle = all.length + 1; cycle <= all.length + tries && !caught; cycle++) {
      const result = await cycleOn(context, liar, cycle, signal)
      context.folder.append({ kind: 'control', control: key, host, cycle: briefOf(result) })
      caught = isCaught(result)
    }
    context.onControl(key, caught)
  })
}

/**
 * One cycle. Where it came to nothing because the collector is gone, so would all that follow: that ends the matrix, and the cycle
 * is run again when it goes on.
 */
async function cycleOn(
  { collector }: MatrixContext,
  config: LoopConfig,
  cycle: number,
  signal: AbortSignal,
): Promise<CycleResult> {
  const result = await runCycle(cycleContext(config, { collector, signal }), cycle)
  if (result.word === 'inconclusive') await requireCollector(collector.client, signal)
  return result
}
