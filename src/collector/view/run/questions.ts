/** The answers to questions about one log, given what was read of it. Runs in the analyst's thread. */
import { gzipSync } from 'node:zlib'
import { parseContract } from '../../../core/contract.ts'
import type { History } from '../../../core/history.ts'
import { blockMapOf, defaultBlockBytes } from '../../../core/map/block-map.ts'
import type { RunEvents } from '../../../core/map/run-events.ts'
import { type RunTimeline, runTimeline, wholeSpan } from '../../../core/map/run-timeline.ts'
import { candidatesOf } from '../../../core/reproduce/candidates.ts'
import { StatementReader, scriptText } from '../../../core/reproduce/statement.ts'
import { readLogInto } from '../../../io/load-history.ts'
import type { LogSource } from '../../../io/log-source.ts'
import { tellFinding } from '../../../io/tell-finding.ts'
import type { MapAnswer, Plane, Question, StartingScript, StoryAnswer } from './messages.ts'

/** What is kept of a log that was read. */
export interface ReadLog {
  readonly history: History
  readonly events: RunEvents
}

/** A script that is longer than this is not one to look at. */
const STATEMENTS_SHOWN = 2000
/** Four times as fast as the next but one, and hardly larger. */
const GZIP_LEVEL = 1

type Asked<K extends Question['kind']> = Question & { readonly kind: K }

export function answerMap({ contract, stretches, blockBytes }: Asked<'map'>, { history }: ReadLog): MapAnswer {
  const size = blockBytes ?? defaultBlockBytes(history.plan.spec)
  const { states, writes, ...grid } = blockMapOf(history, parseContract(contract), stretches, size)
  return { grid, states: planeOf(states), writes: planeOf(writes) }
}

function planeOf(bytes: Uint8Array): Plane {
  const gzip = gzipSync(bytes, { level: GZIP_LEVEL })
  return gzip.length < bytes.length ? { bytes, gzip: new Uint8Array(gzip) } : { bytes }
}

export function answerTimeline(
  { fromMs, toMs, buckets }: Asked<'timeline'>,
  { history, events }: ReadLog,
): RunTimeline {
  const whole = wholeSpan(history, buckets)
  return runTimeline(history, events, { fromMs: fromMs ?? whole.fromMs, toMs: toMs ?? whole.toMs, buckets })
}

export async function answerStory(
  { named, verdict, cut }: Asked<'story'>,
  { history }: ReadLog,
  log: LogSource,
  signal: AbortSignal,
): Promise<StoryAnswer> {
  const evidence = { name: log.name, log, verdict, ...(cut === undefined ? {} : { cut }) }
  const explanation = await tellFinding({ named, evidence, history, signal })
  const statements = new StatementReader(history.plan)
  await readLogInto(statements, log, signal)
  const [first] = candidatesOf(named.finding, statements.statements, undefined)
  const start = first === undefined || first.statements.length > STATEMENTS_SHOWN ? undefined : startOf(first)
  return { explanation, ...(start === undefined ? {} : { start }) }
}

const startOf = ({ what, statements }: ReturnType<typeof candidatesOf>[number]): StartingScript => ({
  what,
  statements: statements.length,
  script: scriptText(statements),
})
