/**
 * Logs as agents write them, made before the clock starts: real frames with real check sums of random writes, four in flight, that
 * complete in any order, a flush every 16.
 */
import type { RunProgress } from '../../src/core/campaign/campaign.ts'
import type { Manifest } from '../../src/core/manifest.ts'
import { keyOf, Prng } from '../../src/core/prng.ts'
import { FrameEncoder, RecordEncoder } from '../../src/core/wire.ts'
import { manifestOf } from '../judge/history.ts'

const SECTORS = 2 ** 21
const IN_FLIGHT = 4
const FLUSH_EVERY = 16
const WINDOW = 65_536
/** What comes within 10 ms at some 80,000 writes a second. */
const FRAME_BYTES = 4096
/** Microseconds, at most: from one issue to the next, until one more completes, for a flush. */
const ISSUE_US = 8
const SERVICE_US = 80
const FLUSH_US = 600

/** Streams of records that are made; one is the log of a few agents, behind a manifest of their own. */
const STREAMS = 20

/** What the log tells up to there. */
interface Mark {
  readonly end: number
  readonly records: number
  readonly progress: RunProgress
}

/** The frames behind the manifest. */
interface Stream {
  readonly bytes: Uint8Array
  /** One for each frame. */
  readonly marks: readonly Mark[]
}

export class MadeLog {
  readonly manifest: Manifest
  readonly bytes: Uint8Array
  readonly #head: number
  readonly #marks: readonly Mark[]

  constructor(manifest: Manifest, stream: Stream) {
    const head = new FrameEncoder().manifest(manifest)
    this.manifest = manifest
    this.bytes = Buffer.concat([head, stream.bytes])
    this.#head = head.length
    this.#marks = stream.marks
  }

  /** The last whole frame that ends at or before `offset`, or the first. */
  markAt(offset: number): Mark {
    let [low, high] = [0, this.#marks.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#head + (this.#marks[middle]?.end ?? Infinity) <= offset) low = middle
      else high = middle
    }
    const mark = this.#marks[low]
    if (mark === undefined) throw new Error('a log has a frame')
    return { ...mark, end: this.#head + mark.end }
  }
}

/** A log of at least so many bytes for each of the runs. */
export function makeLogs(runs: readonly string[], campaign: string, bytesLeast: number): readonly MadeLog[] {
  const streams = runs.slice(0, STREAMS).map((seed) => streamOf(seed, bytesLeast))
  return runs.map((run, index) => {
    const stream = streams[index % STREAMS]
    if (stream === undefined) throw new Error('there is a stream for each of the first runs')
    return new MadeLog({ ...manifestOf(SECTORS), run, campaign }, stream)
  })
}

function streamOf(seed: string, bytesLeast: number): Stream {
  const frames = new FrameEncoder()
  // Its number is the manifest's.
  frames.frame('manifest', new Uint8Array(0))
  const agent = new BusyAgent(seed)
  const made: Uint8Array[] = []
  const marks: Mark[] = []
  for (let end = 0; end < bytesLeast;) {
    const frame = frames.frame('records', agent.work(FRAME_BYTES))
    made.push(frame)
    end += frame.length
    marks.push({ end, records: agent.records, progress: agent.progress })
  }
  return { bytes: Buffer.concat(made), marks }
}

/** As many writes in flight as it may have, always. */
class BusyAgent {
  records = 0
  readonly #encoder = new RecordEncoder()
  readonly #random: Prng
  readonly #inFlight: number[] = []
  #us = 0
  #issued = 0
  #flushes = 0
  #window = 0

  constructor(seed: string) {
    this.#random = new Prng(keyOf(seed))
  }

  get progress(): RunProgress {
    const issued = this.#issued
    return { state: 'writing', issued, completed: issued - this.#inFlight.length, flushes: this.#flushes }
  }

  /** Goes on until there are so many bytes of records. */
  work(bytes: number): Uint8Array {
    while (this.#encoder.pending < bytes) {
      if (this.#window - this.#issued < WINDOW / 2) this.#record('window', (this.#window = this.#issued + WINDOW), 1)
      for (let n = 0; n < FLUSH_EVERY; n++) {
        if (this.#inFlight.length === IN_FLIGHT) this.#complete()
        this.#record('issue', ++this.#issued, ISSUE_US)
        this.#inFlight.push(this.#issued)
      }
      while (this.#inFlight.length > 0) this.#complete()
      this.#record('flush-issue', ++this.#flushes, ISSUE_US)
      this.#record('flush-complete', this.#flushes, FLUSH_US)
    }
    return this.#encoder.take()
  }

  #complete(): void {
    const [write = 0] = this.#inFlight.splice(this.#random.below(this.#inFlight.length), 1)
    this.#record('complete', write, SERVICE_US)
  }

  #record(kind: Parameters<RecordEncoder['add']>[0], id: number, withinUs: number): void {
    this.#us += this.#random.below(withinUs)
    this.#encoder.add(kind, id, this.#us)
    this.records++
  }
}
