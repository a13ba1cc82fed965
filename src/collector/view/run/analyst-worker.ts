/**
 * The analyst: a thread of the collector that reads logs and draws maps, timelines and stories from them, so that agents who
 * append meanwhile do not wait for it. One question after the other; the newest few logs stay read.
 */
import { parentPort } from 'node:worker_threads'
import { ProbeError, messageOf } from '../../../core/errors.ts'
import { HistoryBuilder } from '../../../core/history.ts'
import { RunEventReader } from '../../../core/map/run-events.ts'
import { readLogInto } from '../../../io/load-history.ts'
import type { LogSource } from '../../../io/log-source.ts'
import { BoundedLog } from './bounded-log.ts'
import type { Answer, Failure, FromAnalyst, LogName, Question, ToAnalyst } from './messages.ts'
import { type ReadLog, answerMap, answerStory, answerTimeline } from './questions.ts'

const LOGS_KEPT = 3
/** Together; a longer one is kept alone. What is read of a byte can take twenty. */
const BYTES_KEPT = 32 << 20

const port = parentPort
const never = new AbortController().signal
const kept = new Map<string, ReadLog & { readonly bytes: number }>()
/** Who waits for the next piece of the log, by question. */
const waiting = new Map<number, { give: (bytes: Uint8Array | undefined) => void; fail: (error: unknown) => void }>()
let last: Promise<void> = Promise.resolve()

port?.on('message', (message: ToAnalyst) => {
  switch (message.kind) {
    case 'ask':
      last = last.then(() => answer(message.id, message.question))
      return
    case 'piece':
      return waiting.get(message.id)?.give(message.bytes)
    case 'unreadable':
      return waiting.get(message.id)?.fail(new ProbeError(message.failure.code, message.failure.message))
  }
})

function say(message: FromAnalyst, transfer: readonly ArrayBuffer[] = []): void {
  port?.postMessage(message, [...transfer])
}

async function answer(id: number, question: Question): Promise<void> {
  try {
    const given = await answerOf(id, question)
    say({ kind: 'answer', id, answer: given }, buffersOf(given))
  } catch (error) {
    say({ kind: 'failed', id, failure: failureOf(error) })
  }
}

async function answerOf(id: number, question: Question): Promise<Answer> {
  const source = sourceOf(id, question.log)
  const log = await readLog(question.log, source)
  switch (question.kind) {
    case 'map':
      return answerMap(question, log)
    case 'timeline':
      return answerTimeline(question, log)
    case 'story':
      return answerStory(question, log, source, never)
  }
}

/** Large arrays change hands instead of being copied. */
function buffersOf(given: Answer): readonly ArrayBuffer[] {
  if (!('grid' in given)) return []
  const { states, writes } = given
  return [states, writes].flatMap(({ bytes, gzip }) =>
    [bytes, gzip].flatMap((array) => (array?.buffer instanceof ArrayBuffer ? [array.buffer] : [])),
  )
}

async function readLog({ run, bytes }: LogName, source: LogSource): Promise<ReadLog> {
  const key = `${run} ${bytes}`
  const known = kept.get(key)
  kept.delete(key)
  makeRoom(bytes)
  const read = known ?? { ...(await readAnew(source)), bytes }
  kept.set(key, read)
  return read
}

/** For one more, which is not there yet. */
function makeRoom(bytes: number): void {
  let total = bytes
  for (const one of kept.values()) total += one.bytes
  for (const [oldest, one] of kept) {
    if (kept.size < LOGS_KEPT && total <= BYTES_KEPT) return
    kept.delete(oldest)
    total -= one.bytes
  }
}

async function readAnew(source: LogSource): Promise<ReadLog> {
  const builder = new HistoryBuilder(source.sizeBytes)
  const reader = new RunEventReader(builder)
  const end = await readLogInto(new BoundedLog(reader), source, never)
  return { history: builder.finish(end), events: reader.finish() }
}

function sourceOf(id: number, { run, bytes }: LogName): LogSource {
  return { name: `run ${run}`, sizeBytes: bytes, chunks: () => piecesOf(id) }
}

async function* piecesOf(id: number): AsyncGenerator<Uint8Array, void, void> {
  say({ kind: 'open', id })
  for (;;) {
    const bytes = await next(id)
    if (bytes === undefined) return
    yield bytes
  }
}

function next(id: number): Promise<Uint8Array | undefined> {
  return new Promise<Uint8Array | undefined>((give, fail) => {
    waiting.set(id, { give, fail })
    say({ kind: 'next', id })
  }).finally(() => waiting.delete(id))
}

const failureOf = (error: unknown): Failure => ({
  code: error instanceof ProbeError ? error.code : 'INTERNAL',
  message: error instanceof ProbeError ? error.message : messageOf(error),
})
