/**
 * A profile as perf prints it, to the few kinds of work that it consists of. A sample is a stack, the innermost frame first; the
 * first rule that a frame of it meets, from the inside out, says what it was spent on.
 */

export interface Sample {
  readonly thread: number
  /** Symbols, the innermost first. */
  readonly frames: readonly string[]
}

/** Stacks that `perf script -F tid,ip,sym` prints: a line with the thread, a line a frame, an empty line. */
export function samplesIn(script: string): readonly Sample[] {
  return script.split(/\n\n+/).flatMap((block) => {
    const [head = '', ...lines] = block.split('\n').filter((line) => line.trim() !== '')
    const thread = Number.parseInt(head, 10)
    if (!(thread > 0)) return []
    return [{ thread, frames: lines.map((line) => line.trim().replace(/^[0-9a-f]+ /, '')) }]
  })
}

interface Rule {
  readonly bucket: string
  readonly meets: RegExp
}

const GARBAGE = 'garbage collection'
const COMPILING = 'compiling'

/** Whatever the frame: these call nothing of ours, and are called from anywhere. */
const ANYWHERE: readonly Rule[] = [
  { bucket: GARBAGE, meets: /Scaveng|MarkCompact|Sweeper|v8::internal::Heap::|MinorGC/ },
  {
    bucket: COMPILING,
    meets: /compiler::|v8::internal::Compiler|baseline::|OptimizingCompile|interpreter::|v8::internal::(Parser|maglev)/,
  },
]

const WORKER: readonly Rule[] = [
  { bucket: 'stamps: what is written', meets: /core\/stamp\.js/ },
  { bucket: 'plan: where it goes', meets: /core\/(plan|prng|units)\.js|core\/workload\// },
  { bucket: 'scheduler', meets: /core\/scheduler\.js/ },
  { bucket: 'lock, records and wake-ups', meets: /agent\/(lock|shared|ring)\.js|Builtins_Atomics/ },
  { bucket: 'clock', meets: /io\/clock\.js|hrtime|clock_gettime|process::BindingData/ },
  {
    bucket: 'fs.writeSync or koffi, and the way to the kernel',
    meets:
      /node::fs|uv_?_?fs|pwrite|fdatasync|node:fs|node:internal\/(fs|validators)|io\/(device|aio|foreign)\.js|agent\/(aio|psync)-queue\.js|koffi|CallApiCallback/,
  },
  { bucket: 'the loop, and what the compiler put into it', meets: /agent\/loop\.js|agent\/[\w-]+\.js/ },
]

const MAIN: readonly Rule[] = [
  { bucket: 'main thread: records to bytes', meets: /core\/wire\.js|agent\/(scribe|ring|stable-mark)\.js/ },
  {
    bucket: 'main thread: sending them',
    meets:
      /undici|node:(internal\/)?(net|stream|http|timers)|collector-(log|client)\.js|uplink\.js|llhttp|wasm-function/,
  },
]

const OTHER = 'other'
const MAIN_OTHER = 'main thread: other'

/** In the order of the table. */
export const BUCKETS: readonly string[] = [...WORKER, ...MAIN]
  .map(({ bucket }) => bucket)
  .concat(MAIN_OTHER, GARBAGE, COMPILING, OTHER)

export function bucketOf({ thread, frames }: Sample, main: number): string {
  const anywhere = ANYWHERE.find(({ meets }) => frames.some((frame) => meets.test(frame)))
  if (anywhere !== undefined) return anywhere.bucket
  for (const frame of frames) {
    const rule = (thread === main ? MAIN : WORKER).find(({ meets }) => meets.test(frame))
    if (rule !== undefined) return rule.bucket
  }
  return thread === main ? MAIN_OTHER : OTHER
}
