/** The analyst as the collector sees it: questions in, answers out; the log is read from the store as the thread asks for it. */
import { Worker } from 'node:worker_threads'
import { ProbeError, messageOf } from '../../../core/errors.ts'
import type { Answer, Answers, Failure, FromAnalyst, Question, ToAnalyst } from './messages.ts'
import { ANALYST } from './worker-program.ts'

/** What is read lies in arrays outside of this heap; findings and events are in it. */
const LIMITS = { maxOldGenerationSizeMb: 1024 } as const

interface Pending {
  readonly pieces: () => AsyncIterable<Uint8Array>
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
  reading?: AsyncIterator<Uint8Array>
}

export class Analyst {
  #worker: Worker | undefined
  readonly #pending = new Map<number, Pending>()
  #count = 0
  #closed = false

  /** `pieces` reads the log of the question from its first byte, as often as it is called. */
  ask<Q extends Question>(question: Q, pieces: () => AsyncIterable<Uint8Array>): Promise<Answers[Q['kind']]>
  ask(question: Question, pieces: () => AsyncIterable<Uint8Array>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const id = ++this.#count
      this.#pending.set(id, { pieces, resolve, reject })
      this.#tell({ kind: 'ask', id, question })
    })
  }

  /** Ends the thread; whoever still waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    this.#fail(new ProbeError('STORE_UNAVAILABLE', 'the collector is ending; ask again once it is back'))
    await worker?.terminate()
  }

  /** Started when first needed, and again should it have died. */
  #tell(message: ToAnalyst): void {
    if (this.#closed) return this.#fail(new ProbeError('STORE_UNAVAILABLE', 'the collector is ending'))
    this.#worker ??= this.#start()
    this.#worker.postMessage(message, [])
  }

  #start(): Worker {
    const worker = new Worker(ANALYST, { resourceLimits: LIMITS })
    // It alone is no reason for the process to stay.
    worker.unref()
    worker.on('message', (message: FromAnalyst) => this.#heard(message))
    worker.on('error', (error) => this.#fail(error))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#fail(new ProbeError('INTERNAL', 'the analyst ended'))
    })
    return worker
  }

  #heard(message: FromAnalyst): void {
    const pending = this.#pending.get(message.id)
    if (pending === undefined) return
    switch (message.kind) {
      case 'open':
        pending.reading = pending.pieces()[Symbol.asyncIterator]()
        return
      case 'next':
        void this.#give(message.id, pending)
        return
      case 'answer':
        this.#pending.delete(message.id)
        return pending.resolve(message.answer)
      case 'failed':
        this.#pending.delete(message.id)
        return pending.reject(new ProbeError(message.failure.code, message.failure.message))
    }
  }

  async #give(id: number, { reading }: Pending): Promise<void> {
    try {
      const step = await reading?.next()
      if (step === undefined || step.done === true) this.#tell({ kind: 'piece', id })
      else this.#tell({ kind: 'piece', id, bytes: step.value })
    } catch (error) {
      this.#tell({ kind: 'unreadable', id, failure: failureOf(error) })
    }
  }

  #fail(error: unknown): void {
    this.#worker = undefined
    for (const { reject } of this.#pending.values())
      reject(error instanceof ProbeError ? error : new ProbeError('INTERNAL', messageOf(error), { cause: error }))
    this.#pending.clear()
  }
}

const failureOf = (error: unknown): Failure => ({
  code: error instanceof ProbeError ? error.code : 'INTERNAL',
  message: messageOf(error),
})
