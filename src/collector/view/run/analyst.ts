/**
 * The analyst as the collector sees it: questions in, answers out; the log is read from the store as the thread asks for it.
 *
 * The thread has one question at a time, so that whatever a log does to it befalls the question about that log alone: one that
 * takes too long or too much memory ends the thread and is refused, and the next has a new thread.
 */
import { Worker } from 'node:worker_threads'
import { ProbeError, messageOf } from '../../../core/errors.ts'
import { ApiError } from '../../http/api-error.ts'
import { type Asker, AskerGone } from './asker.ts'
import type { Answer, Answers, Failure, FromAnalyst, Question, ToAnalyst } from './messages.ts'
import { Turns } from './turns.ts'
import { ANALYST } from './worker-program.ts'

/** What is read lies in arrays outside of this heap; findings and events are in it. */
const HEAP_MIB = 1024
const DEADLINE_S = 60

export interface AnalystOptions {
  readonly heapMib?: number
  /** Calls when the time of a question is over; returns what calls that off. */
  readonly deadline?: (over: () => void) => () => void
}

interface Pending {
  readonly id: number
  readonly question: Question
  readonly pieces: () => AsyncIterable<Uint8Array>
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** The question that the thread works on. */
interface Current extends Pending {
  readonly callOff: () => void
  reading?: AsyncIterator<Uint8Array>
}

export class Analyst {
  readonly #heapMib: number
  readonly #deadline: NonNullable<AnalystOptions['deadline']>
  readonly #turns = new Turns<Pending>()
  #worker: Worker | undefined
  #current: Current | undefined
  #count = 0
  #closed = false

  constructor({ heapMib = HEAP_MIB, deadline = afterDeadline }: AnalystOptions = {}) {
    this.#heapMib = heapMib
    this.#deadline = deadline
  }

  /** `pieces` reads the log of the question from its first byte, as often as it is called. */
  ask<Q extends Question>(
    question: Q,
    pieces: () => AsyncIterable<Uint8Array>,
    asker: Asker,
  ): Promise<Answers[Q['kind']]>
  ask(question: Question, pieces: () => AsyncIterable<Uint8Array>, { caller, signal }: Asker): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new ProbeError('STORE_UNAVAILABLE', 'the collector is ending')
      if (signal.aborted) throw new AskerGone()
      const pending = { id: ++this.#count, question, pieces, resolve, reject }
      this.#turns.add(caller, pending)
      signal.addEventListener('abort', () => {
        if (this.#turns.drop(caller, pending)) reject(new AskerGone())
      })
      this.#begin()
    })
  }

  /** Ends the thread; whoever still waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#worker = undefined
    const ending = new ProbeError('STORE_UNAVAILABLE', 'the collector is ending; ask again once it is back')
    this.#done()?.reject(ending)
    for (const { reject } of this.#turns.all()) reject(ending)
    await worker?.terminate()
  }

  /** The next question, once the thread is free. */
  #begin(): void {
    if (this.#current !== undefined) return
    const pending = this.#turns.next()
    if (pending === undefined) return
    this.#current = { ...pending, callOff: this.#deadline(() => this.#late(pending)) }
    this.#worker ??= this.#start()
    tell(this.#worker, { kind: 'ask', id: pending.id, question: pending.question })
  }

  #start(): Worker {
    const worker = new Worker(ANALYST, { resourceLimits: { maxOldGenerationSizeMb: this.#heapMib } })
    // It alone is no reason for the process to stay.
    worker.unref()
    worker.on('message', (message: FromAnalyst) => {
      if (this.#worker === worker) this.#heard(worker, message)
    })
    worker.on('error', (error) => this.#died(worker, error))
    worker.on('exit', () => this.#died(worker, new Error('the analyst ended')))
    return worker
  }

  #heard(worker: Worker, message: FromAnalyst): void {
    const current = this.#current
    if (current?.id !== message.id) return
    switch (message.kind) {
      case 'open':
        current.reading = current.pieces()[Symbol.asyncIterator]()
        return
      case 'next':
        void give(worker, current)
        return
      case 'answer':
        this.#done()
        current.resolve(message.answer)
        return this.#begin()
      case 'failed':
        this.#done()
        current.reject(new ProbeError(message.failure.code, message.failure.message))
        return this.#begin()
    }
  }

  #late({ id, question }: Pending): void {
    if (this.#current?.id !== id) return
    const worker = this.#worker
    this.#lost(tooMuch(question, `takes longer than ${DEADLINE_S} s`))
    void worker?.terminate()
  }

  #died(worker: Worker, error: unknown): void {
    if (this.#worker !== worker) return
    const question = this.#current?.question
    const isFull = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    if (isFull && question !== undefined)
      this.#lost(tooMuch(question, `takes more than ${this.#heapMib} MiB of memory`))
    else this.#lost(new ProbeError('INTERNAL', messageOf(error), { cause: error }))
  }

  /** The thread is lost, and with it the question at hand; the others are asked in a new one. */
  #lost(error: Error): void {
    this.#worker = undefined
    this.#done()?.reject(error)
    this.#begin()
  }

  #done(): Current | undefined {
    const current = this.#current
    this.#current = undefined
    current?.callOff()
    // Ends what reads from the store; how that goes is of no interest any more.
    current?.reading?.return?.().catch(() => undefined)
    return current
  }
}

function afterDeadline(over: () => void): () => void {
  const timer = setTimeout(over, DEADLINE_S * 1000)
  return () => clearTimeout(timer)
}

const tooMuch = ({ kind, log }: Question, what: string): ApiError =>
  new ApiError(
    'EVIDENCE_UNUSABLE',
    `the ${kind} of run ${log.run}, whose log has ${log.bytes} bytes, ${what}, which is all that the collector gives to one answer; GET /v1/runs/${log.run}/log has the log`,
  )

async function give(worker: Worker, { id, reading }: Current): Promise<void> {
  try {
    const step = await reading?.next()
    if (step === undefined || step.done === true) tell(worker, { kind: 'piece', id })
    else tell(worker, { kind: 'piece', id, bytes: step.value })
  } catch (error) {
    tell(worker, { kind: 'unreadable', id, failure: failureOf(error) })
  }
}

/** To a thread that has ended it goes nowhere. */
const tell = (worker: Worker, message: ToAnalyst): void => worker.postMessage(message, [])

const failureOf = (error: unknown): Failure => ({
  code: error instanceof ProbeError ? error.code : 'INTERNAL',
  message: messageOf(error),
})
