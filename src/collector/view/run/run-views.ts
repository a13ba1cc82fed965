/**
 * What the run view shows, had from a run's log and newest verdict: map, timeline, stories. The analyst makes them, the newest few
 * maps are kept. Every answer is of a log of a certain length and of a verdict of a certain number, and changes only with them.
 */
import { setImmediate } from 'node:timers/promises'
import type { RunHead } from '../../../core/campaign/campaign.ts'
import { ProbeError } from '../../../core/errors.ts'
import type { RunTimeline } from '../../../core/map/run-timeline.ts'
import { type MapGaps, mapGapsOf } from '../../../core/map/map-gaps.ts'
import { stretchesOfVerdict } from '../../../core/map/stretches.ts'
import { checkFinding, checkFoundAt } from '../../../core/telling/finding-shape.ts'
import type { Verdict } from '../../../core/verdict.ts'
import { FrameEncoder } from '../../../core/wire.ts'
import { ApiError } from '../../http/api-error.ts'
import type { Store } from '../../store/store.ts'
import { Analyst } from './analyst.ts'
import { type Asker, AskerGone } from './asker.ts'
import { Few } from './few.ts'
import type { Answers, MapAnswer, Question, StoryAnswer } from './messages.ts'

const MAPS_KEPT = 4
/** With 80,000 findings one can take a hundred megabytes. */
const VERDICTS_KEPT = 2

export interface TimelineQuery {
  readonly fromMs?: number
  readonly toMs?: number
  readonly buckets: number
}

/** A map, and what is not on it. */
export interface ToldMap extends MapAnswer {
  readonly gaps: MapGaps
}

export class RunViews {
  readonly #store: Store
  readonly #analyst = new Analyst()
  readonly #maps = new Few<ToldMap>(MAPS_KEPT)
  readonly #verdicts = new Few<Verdict>(VERDICTS_KEPT)
  #reading: Promise<unknown> = Promise.resolve()

  constructor(store: Store) {
    this.#store = store
  }

  close(): Promise<void> {
    return this.#analyst.close()
  }

  async map(view: RunHead, blockBytes: number | undefined, asker: Asker): Promise<ToldMap> {
    for (;;) {
      try {
        return await this.#map(view, blockBytes, asker)
      } catch (error) {
        // It was somebody else who asked first and went away.
        if (!(error instanceof AskerGone) || asker.signal.aborted) throw error
      }
    }
  }

  #map(view: RunHead, blockBytes: number | undefined, asker: Asker): Promise<ToldMap> {
    return this.#maps.get(`${view.run} ${versionOf(view)} ${blockBytes ?? ''}`, async () => {
      const verdict = view.verdicts.length === 0 ? undefined : await this.verdict(view)
      if (verdict !== undefined) await checkInParts(verdict)
      const question = {
        kind: 'map',
        log: view,
        contract: contractOf(view),
        stretches: verdict === undefined ? new Float64Array(0) : stretchesOfVerdict(verdict),
        ...(blockBytes === undefined ? {} : { blockBytes }),
      } as const
      const answer = await this.#ask(view, question, asker)
      return { ...answer, gaps: verdict === undefined ? {} : mapGapsOf(verdict, answer.grid.blockBytes) }
    })
  }

  /** The very verdict that the head is of, with its findings: read once for whoever asks, one after the other. Throws VERDICT_UNKNOWN. */
  verdict({ run, verdicts }: RunHead): Promise<Verdict> {
    const newest = verdicts.at(-1)
    if (newest === undefined) return Promise.reject(noVerdict(run))
    const { number, at } = newest
    return this.#verdicts.get(`${run} ${number} ${at}`, () => {
      const verdict = this.#reading.then(() => this.#store.verdict(run, number))
      // Agents who append have their turn in between.
      this.#reading = verdict.then(waitATurn, waitATurn)
      return verdict.then((read) => read ?? Promise.reject(noVerdict(run)))
    })
  }

  timeline(view: RunHead, query: TimelineQuery, asker: Asker): Promise<RunTimeline> {
    return this.#ask(view, { kind: 'timeline', log: view, ...query }, asker)
  }

  async story(view: RunHead, number: number, asker: Asker): Promise<StoryAnswer> {
    // Where all was found tells nothing of one.
    const { foundAt: _, ...verdict } = await this.verdict(view)
    const finding = verdict.findings[number - 1]
    if (finding === undefined) {
      const has = verdict.findings.length === 0 ? 'it lists none' : `it lists ${verdict.findings.length}`
      throw new ApiError('FINDING_UNKNOWN', `the newest verdict of run ${view.run} has no finding ${number}; ${has}`)
    }
    // Where the finding itself is not one, its place cannot be compared with that of others.
    checkAll([[number - 1, finding]], view.run)
    const end = finding.lba + finding.sectors
    const beside = [...verdict.findings.entries()].filter(
      ([, { lba, sectors }]) => lba < end && finding.lba < lba + sectors,
    )
    checkAll(beside, view.run)
    const question = {
      kind: 'story',
      log: view,
      named: { number, finding, also: [] },
      verdict: { ...verdict, findings: beside.map(([, one]) => one) },
      ...(view.cut === undefined ? {} : { cut: view.cut }),
    } as const
    return this.#ask(view, question, asker)
  }

  async #ask<K extends Question['kind']>(
    view: RunHead,
    question: Question & { readonly kind: K },
    asker: Asker,
  ): Promise<Answers[K]> {
    const { run, bytes, manifest } = view
    try {
      return await this.#analyst.ask(
        { ...question, log: { run, bytes } },
        // An agent that was cut before its first append left a run with a manifest and nothing else: an empty history.
        () => (bytes === 0 ? only(new FrameEncoder().manifest(manifest)) : this.#store.readLog(run, 0, bytes)),
        asker,
      )
    } catch (error) {
      throw evidenceErrorOf(error)
    }
  }
}

/** Changes whenever what is shown of a run can change. */
export const versionOf = ({ bytes, verdicts }: Pick<RunHead, 'bytes' | 'verdicts'>): string =>
  `${bytes}-${verdicts.at(-1)?.number ?? 0}`

/** The promise that the run was held to, or is to be. */
export const contractOf = ({ verdict, manifest }: RunHead): string => verdict?.contract ?? manifest.contract

const noVerdict = (run: string): ApiError =>
  new ApiError('VERDICT_UNKNOWN', `run ${run} has no verdict yet; plugpull verify --run ${run} gives it one`)

const waitATurn = (): Promise<void> => setImmediate()

/** Ten thousand at once would keep agents waiting who append meanwhile. */
const CHECKED_AT_ONCE = 250

async function checkInParts(verdict: Verdict): Promise<void> {
  const { findings, run } = verdict
  refusing(() => checkFoundAt(verdict, `run ${run}`))
  for (let from = 0; from < findings.length; from += CHECKED_AT_ONCE) {
    checkAll(
      findings.slice(from, from + CHECKED_AT_ONCE).map((finding, i) => [from + i, finding]),
      run,
    )
    await setImmediate()
  }
}

function checkAll(findings: Iterable<readonly [number, unknown]>, run: string): void {
  refusing(() => {
    for (const [i, finding] of findings) checkFinding(finding, i + 1, `run ${run}`)
  })
}

function refusing(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw evidenceErrorOf(error)
  }
}

/** What the store cannot do stays what it is; the rest says what is wrong with the log or the verdict. */
function evidenceErrorOf(error: unknown): unknown {
  if (!(error instanceof ProbeError)) return error
  if (error.code === 'INTERNAL' || error.code.startsWith('STORE_')) return error
  return new ApiError('EVIDENCE_UNUSABLE', error.message, { cause: error })
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield chunk
}
