/**
 * The lines of an export one after the other: each run whole and in order, its log without a gap and with its digest, the
 * counts at the end right. So a file that was cut short, or that lacks a line in the middle, is known from a whole one.
 * Several exports one behind the other are one, too.
 */
import { createHash, type Hash } from 'node:crypto'
import { logBytesOf } from './codec.ts'
import type { CutLine, End, Line, LogPart, RunEnd, RunHead, VerdictLine } from './line.ts'

export interface Counts {
  readonly runs: number
  readonly logBytes: number
  readonly cuts: number
  readonly verdicts: number
}

interface OpenRun {
  readonly head: RunHead
  readonly digest: Hash
  bytes: number
  cuts: number
  verdicts: number
}

const NONE: Counts = { runs: 0, logBytes: 0, cuts: 0, verdicts: 0 }

export class Sequence {
  #place: 'before' | 'inside' | 'after' = 'before'
  #run: OpenRun | undefined
  /** Of the export that is being read, and of all before it. */
  #counts: Counts = NONE
  #total: Counts = NONE

  /** What whole runs there were so far. */
  get total(): Counts {
    return sum(this.#total, this.#counts)
  }

  /** Takes the next line; returns what is wrong with it, if so. */
  accept(line: Line): string | undefined {
    if (line.kind === 'header') {
      if (this.#place === 'inside') return 'a header stands in the middle of an export'
      this.#place = 'inside'
      return undefined
    }
    if (this.#place === 'before') return `an export begins with a header, not with a ${line.kind}`
    if (this.#place === 'after') return `a ${line.kind} stands behind the end`
    switch (line.kind) {
      case 'run':
        return this.#open(line)
      case 'end':
        return this.#end(line)
      case 'log':
      case 'cut':
      case 'verdict':
      case 'run-end':
        return this.#inRun(line)
    }
  }

  /** What is missing when there is no more, if anything. */
  finish(): string | undefined {
    switch (this.#place) {
      case 'before':
        return 'it is empty'
      case 'inside':
        return this.#run === undefined
          ? 'it ends without its end line'
          : `it ends in the middle of run ${this.#run.head.run}`
      case 'after':
        return undefined
    }
  }

  #open(line: RunHead): string | undefined {
    if (this.#run !== undefined) return `run ${line.run} begins before run ${this.#run.head.run} has ended`
    if (line.continued === true) return `run ${line.run} goes on here, and has not begun`
    if (line.logPruned !== undefined && line.logBytes > 0) return 'its log is pruned and has bytes all the same'
    this.#run = { head: line, digest: createHash('sha256'), bytes: 0, cuts: 0, verdicts: 0 }
    return undefined
  }

  #inRun(line: LogPart | CutLine | VerdictLine | RunEnd): string | undefined {
    const run = this.#run
    if (run === undefined || run.head.run !== line.run)
      return `a ${line.kind} of run ${line.run} stands outside of that run`
    switch (line.kind) {
      case 'log':
        return run.cuts + run.verdicts > 0 ? 'the log goes on behind the cut or a verdict' : addLog(run, line)
      case 'cut':
        if (run.verdicts > 0) return 'the cut stands behind a verdict'
        return ++run.cuts > 1 ? 'a run has one cut' : undefined
      case 'verdict':
        return ++run.verdicts === line.number ? undefined : `verdict ${run.verdicts} is missing before ${line.number}`
      case 'run-end':
        return this.#close(run, line)
    }
  }

  #close({ head, digest, bytes, cuts, verdicts }: OpenRun, line: RunEnd): string | undefined {
    if (bytes !== head.logBytes) return `the log has ${bytes} bytes, not ${head.logBytes}`
    if (digest.digest('hex') !== head.logSha256) return 'the log is not the one whose digest the run line has'
    if (cuts !== line.cuts || verdicts !== line.verdicts)
      return `the run has ${cuts} cuts and ${verdicts} verdicts, not ${line.cuts} and ${line.verdicts}`
    this.#counts = sum(this.#counts, { runs: 1, logBytes: bytes, cuts, verdicts })
    this.#run = undefined
    return undefined
  }

  #end(line: End): string | undefined {
    if (this.#run !== undefined) return `the export ends before run ${this.#run.head.run} has ended`
    const { runs, logBytes, cuts, verdicts } = this.#counts
    if (runs !== line.runs || logBytes !== line.logBytes || cuts !== line.cuts || verdicts !== line.verdicts)
      return `there were ${runs} runs, ${verdicts} verdicts and ${logBytes} bytes of log, not ${line.runs}, ${line.verdicts} and ${line.logBytes}: lines are missing`
    this.#total = sum(this.#total, this.#counts)
    this.#counts = NONE
    this.#place = 'after'
    return undefined
  }
}

function addLog(run: OpenRun, line: LogPart): string | undefined {
  const bytes = logBytesOf(line.bytes)
  if (bytes === undefined) return 'its bytes are not base64'
  if (line.offset !== run.bytes) return `the log goes on at ${run.bytes}, not at ${line.offset}`
  run.bytes += bytes.length
  if (run.bytes > run.head.logBytes) return `the log is longer than the ${run.head.logBytes} bytes announced`
  run.digest.update(bytes)
  return undefined
}

const sum = (a: Counts, b: Counts): Counts => ({
  runs: a.runs + b.runs,
  logBytes: a.logBytes + b.logBytes,
  cuts: a.cuts + b.cuts,
  verdicts: a.verdicts + b.verdicts,
})
