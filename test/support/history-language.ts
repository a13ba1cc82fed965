/**
 * A tiny language for histories and what a cut left of them, so that a rule of the model is one line of a test.
 *
 *   w1@0+2    write 1 of sectors 0 and 1: issued and completed      w1@0+2!   the same, FUA
 *   i1@0+2    write 1 issued       c1   write 1 completed           e1        write 1 failed
 *   F         a flush issued and completed      f   issued      d   completed      e   failed
 *   N9        no write above 9 was announced (default: what the line names)        END   the agent stopped by itself
 *   CUT 1.3   what sectors 0, 1, 2 hold: write 1, the baseline, write 3
 *             z zeros, g garbage, b one bit of the floor flipped is `b1` (of write 1), o an older run, u unreadable,
 *             x1 write 1's sector 0 out of place, X1 the same of another device, m12 the head of write 1 and the tail of write 2 (0: baseline), P9 write 9
 *
 * The result is a line too: `lost! w1, torn w3, reordered w2` (! marks violations), sectors as `corrupt! @4`.
 */
import assert from 'node:assert/strict'
import { BaselineEncoder, digestSectors } from '../../src/core/baseline.ts'
import { parseContract } from '../../src/core/contract.ts'
import { type History, HistoryBuilder } from '../../src/core/history.ts'
import { Judge } from '../../src/core/judge.ts'
import { MANIFEST_SCHEMA, type Manifest } from '../../src/core/manifest.ts'
import { Plan, type PlanSpec } from '../../src/core/plan.ts'
import { keyOf } from '../../src/core/prng.ts'
import { SectorBuffer, Stamper } from '../../src/core/stamp.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { FrameEncoder, LogDecoder, RecordEncoder } from '../../src/core/wire.ts'

const RUN = '00000000000000aa'
const OLD_RUN = '00000000000000bb'
const DEVICE = '00000000000000dd'
const OTHER_DEVICE = '00000000000000ee'
const TOKEN = /x\d|X\d|m\d\d|b\d|P\d|[\d.zgou]/g

export interface ToldOptions {
  readonly contract?: string
  readonly baseline?: 'format' | 'scan' | 'zeros'
  readonly logTail?: 'truncated' | 'corrupt'
  /** Writes of the plan that the log does not tell of, as a script. */
  readonly more?: string
  /** Findings to list at most; by itself 100. */
  readonly findingsMax?: number
}

interface Told {
  readonly script: string
  readonly events: readonly string[]
  readonly window: number
  readonly cells: readonly string[]
}

function parse(line: string): Told {
  const [before = '', after = ''] = line.split('CUT')
  const events = before
    .trim()
    .split(/\s+/)
    .filter((token) => token !== '')
  const writes = events.flatMap((token) => {
    const match = /^[wi](\d+)@(\d+)\+(\d+)(!?)$/.exec(token)
    return match === null
      ? []
      : [{ id: Number(match[1]), text: `w ${match[2]}+${match[3]}${match[4] === '!' ? ' fua' : ''}` }]
  })
  const announced = events.flatMap((token) => (/^N\d+$/.test(token) ? [Number(token.slice(1))] : []))
  writes.forEach(({ id }, i) => assert.equal(id, i + 1, 'writes are named in order'))
  return {
    script: writes.map(({ text }) => text).join(';'),
    events,
    window: announced[0] ?? writes.length,
    cells: after.match(TOKEN) ?? [],
  }
}

function manifestOf(plan: PlanSpec, sectors: number, options: ToldOptions): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    run: RUN,
    campaign: 'test',
    device: DEVICE,
    startedAt: '2026-01-01T00:00:00.000Z',
    plan,
    io: 'direct',
    queueDepth: 8,
    flushMode: 'concurrent',
    commit: 'stream',
    baseline: options.baseline === 'format' ? 'format' : 'scan',
    overlapInFlight: true,
    contract: 'volatile',
    target: { path: '/test', kind: 'file', sizeSectors: sectors, logicalBlockBytes: 512 },
    environment: { hostname: 'test', kernel: '', arch: '', node: '', agent: '', cpus: 1, labels: {} },
  }
}

/** A line of the language with all that is known of it. */
export interface ToldRun {
  readonly verdict: Verdict
  readonly history: History
  /** The log, in one piece. */
  readonly log: Uint8Array
  /** What the sectors hold after the cut. */
  readonly buffer: SectorBuffer
}

/** One line of the language to the judge's verdict. */
export const judgeTold = (line: string, options: ToldOptions = {}): Verdict => runTold(line, options).verdict

/** The same with the history and the contents that the verdict is about. */
export function runTold(line: string, options: ToldOptions = {}): ToldRun {
  const story = parse(line)
  const spec: PlanSpec = {
    workload: 'script',
    seed: RUN,
    region: { lba: 0, sectors: story.cells.length },
    writeSectors: { least: 1, most: 1 },
    alignSectors: 1,
    clusterSectors: 128,
    fuaPercent: 0,
    cadence: { kind: 'workload' },
    script: options.more === undefined ? story.script : `${story.script};${options.more}`,
  }
  const plan = Plan.of(spec)
  const stamper = new Stamper(keyOf(RUN), keyOf(DEVICE))
  const before = baselineOf(story.cells.length, options, stamper)
  const log = Buffer.concat([...logOf(manifestOf(spec, story.cells.length, options), story, before, options)])
  const builder = new HistoryBuilder()
  const decoder = new LogDecoder(builder)
  decoder.push(log)
  const history = builder.finish(decoder.end())
  const judge = new Judge(history, parseContract(options.contract ?? 'volatile'), {
    findingsMax: options.findingsMax ?? 100,
  })
  const { buffer, errors } = deviceOf(story, plan, stamper, before)
  judge.range(0, story.cells.length, buffer, errors)
  return { verdict: judge.finish(), history, log, buffer }
}

function baselineOf(sectors: number, options: ToldOptions, stamper: Stamper): SectorBuffer {
  const before = SectorBuffer.ofSectors(sectors)
  if (options.baseline === 'format') stamper.fill(before, 0, { write: 0, lba: 0, count: sectors, epoch: 0 }, 0, sectors)
  else if (options.baseline !== 'zeros')
    before.words.forEach((_, i) => (before.words[i] = Math.imul(i + 1, 0x9e3779b1)))
  return before
}

function* logOf(manifest: Manifest, story: Told, before: SectorBuffer, options: ToldOptions): Iterable<Uint8Array> {
  const frames = new FrameEncoder()
  yield frames.manifest(manifest)
  if (manifest.baseline === 'scan') {
    const payloads: Uint8Array[] = []
    const encoder = new BaselineEncoder(0, (payload) => payloads.push(payload))
    const lo = new Uint32Array(before.sectors)
    const hi = new Uint32Array(before.sectors)
    digestSectors(before.words, before.sectors, lo, hi)
    encoder.add(before.sectors, lo, hi)
    encoder.end()
    for (const payload of payloads) yield frames.frame('baseline', payload)
  }
  const records = new RecordEncoder()
  records.add('window', 0, story.window === 0 ? 0 : 1)
  if (story.window > 0) records.add('window', story.window, 1)
  new Teller(records).tell(story.events)
  yield frames.frame('records', records.take())
  const more = frames.frame('records', Uint8Array.of(0))
  if (options.logTail === 'truncated') yield more.subarray(0, more.length - 1)
  if (options.logTail === 'corrupt') yield more.map((byte, i) => (i === more.length - 1 ? byte ^ 1 : byte))
}

/** One event a millisecond. */
class Teller {
  readonly #records: RecordEncoder
  #us = 0
  #flushes = 0

  constructor(records: RecordEncoder) {
    this.#records = records
  }

  tell(events: readonly string[]): void {
    for (const token of events) this.#token(token)
  }

  #add(kind: Parameters<RecordEncoder['add']>[0], id: number, errno = 0): void {
    this.#us += 1000
    this.#records.add(kind, id, this.#us, errno)
  }

  #token(token: string): void {
    const id = Number(/^[wice](\d+)/.exec(token)?.[1] ?? 0)
    if (/^[wi]\d/.test(token)) this.#add('issue', id)
    if (/^[wc]\d/.test(token)) this.#add('complete', id)
    if (/^e\d/.test(token)) this.#add('failed', id, 5)
    if (token === 'F' || token === 'f') this.#add('flush-issue', ++this.#flushes)
    if (token === 'F' || token === 'd') this.#add('flush-complete', this.#flushes)
    if (token === 'e') this.#add('flush-failed', this.#flushes, 5)
    if (token === 'END') this.#add('end', 0)
  }
}

function deviceOf(
  story: Told,
  plan: Plan,
  stamper: Stamper,
  before: SectorBuffer,
): { buffer: SectorBuffer; errors: Map<number, string> } {
  const buffer = SectorBuffer.ofSectors(story.cells.length)
  const errors = new Map<number, string>()
  const version = (write: number, lba: number, index?: number): Uint8Array => {
    const made = SectorBuffer.ofSectors(1)
    if (write === 0) made.bytes.set(before.sector(lba))
    else if (write > plan.length) stamper.fill(made, 0, { write, lba, count: 1, epoch: 0 }, 0, 1)
    else {
      const planned = plan.write(write)
      const at = index ?? lba - planned.lba
      stamper.fill(made, 0, { write, lba: planned.lba, count: planned.sectors, epoch: plan.epochOf(write) }, at, 1)
    }
    return made.bytes
  }
  story.cells.forEach((cell, lba) => {
    const sector = buffer.sector(lba)
    const [first = 0, second = 0] = Array.from(cell.slice(1), Number)
    if (/^\d$/.test(cell)) sector.set(version(Number(cell), lba))
    else if (cell === '.') sector.set(before.sector(lba))
    else if (cell === 'g') sector.fill(0xe5)
    else if (cell === 'o') {
      const old = SectorBuffer.ofSectors(1)
      new Stamper(keyOf(OLD_RUN), keyOf(DEVICE)).fill(old, 0, { write: 7, lba, count: 1, epoch: 0 }, 0, 1)
      sector.set(old.bytes)
    } else if (cell === 'u') errors.set(lba, 'EIO')
    else if (cell.startsWith('x')) sector.set(version(first, lba, 0))
    else if (cell.startsWith('X')) sector.set(ofAnotherDevice(plan, first))
    else if (cell.startsWith('P')) sector.set(version(first, lba))
    else if (cell.startsWith('b')) {
      sector.set(version(first, lba))
      sector[300] = (sector[300] ?? 0) ^ 4
    } else if (cell.startsWith('m')) {
      sector.set(version(first, lba))
      sector.set(version(second, lba).subarray(256), 256)
    }
  })
  return { buffer, errors }
}

/** The first sector of the write as the run would have stamped it for another device. */
function ofAnotherDevice(plan: Plan, write: number): Uint8Array {
  const made = SectorBuffer.ofSectors(1)
  const { lba, sectors } = plan.write(write)
  const run = { write, lba, count: sectors, epoch: plan.epochOf(write) }
  new Stamper(keyOf(RUN), keyOf(OTHER_DEVICE)).fill(made, 0, run, 0, 1)
  return made.bytes
}

/** The findings as one line. */
export function told(verdict: Verdict): string {
  return verdict.findings
    .map(({ kind, severity, write, lba, rule }) => {
      const mark = severity === 'violation' ? '!' : ''
      const isOfWrite = kind === 'lost' || kind === 'torn' || kind === 'reordered'
      const note = rule === 'flush-lie' ? ' lie' : rule === 'atomic' ? ' atomic' : ''
      return `${kind}${mark}${isOfWrite ? ` w${write}` : ` @${lba}`}${note}`
    })
    .join(', ')
}

/** `line` judged, as `verdict: findings`. */
export const tell = (line: string, options: ToldOptions = {}): string => {
  const verdict = judgeTold(line, options)
  return `${verdict.verdict}: ${told(verdict)}`
}
