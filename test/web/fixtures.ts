/** A store with runs as rigs leave them, for tests of views: written through the store itself, no power cut. */
import { join } from 'node:path'
import { openSqliteStore } from '../../src/collector/store/sqlite-database.ts'
import type { Store } from '../../src/collector/store/store.ts'
import type { CutRecord } from '../../src/core/campaign/campaign.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { runId, sampleVerdict, wholeManifest } from '../collector/helpers.ts'

export interface Configuration {
  readonly image: string
  readonly cache: string
  readonly cut: string
  readonly rig?: string
  readonly host?: string
  readonly fault?: string
  readonly control?: 'yes'
  readonly campaign?: string
}

const NONE = { lost: 0, torn: 0, reordered: 0, corrupt: 0 }

export const heldVerdict = (run: string): Verdict => sampleVerdict(run)

/** Held, with writes lost and torn that nothing covered. */
export const hazardVerdict = (run: string): Verdict =>
  sampleVerdict(run, {
    hazards: { ...NONE, lost: 3, torn: 1 },
    exposure: { lostWrites: 3, lostBytes: 12_288, oldestLostMs: 240 },
  })

/** The same, by a log that was too short to promise anything. */
export const uncheckedVerdict = (run: string): Verdict => ({
  ...hazardVerdict(run),
  verdict: 'inconclusive',
  inconclusiveBecause: ['no write was stable when the cut came'],
  readInFull: true,
})

export const violationVerdict = (run: string): Verdict =>
  sampleVerdict(run, {
    verdict: 'violation',
    violations: { ...NONE, lost: 40, misdirected: 0, collateral: 0, phantom: 0, unreadable: 0 },
    liedFlushes: 2,
    exposure: { lostWrites: 40, lostBytes: 163_840, oldestLostMs: 1500 },
  })

/** Adds runs to a store, each with an id of its own and one second after the one before. */
export class Recorder {
  readonly #store: Store
  #count = 0

  constructor(store: Store) {
    this.#store = store
  }

  async runs(many: number, of: Configuration, verdict: (run: string) => Verdict): Promise<void> {
    for (let left = many; left > 0; left--) await this.run(of, verdict)
  }

  async run(of: Configuration, verdict?: (run: string) => Verdict): Promise<string> {
    const { image, cache, cut, rig = 'storage-daemon', host = 'alpha', fault, control } = of
    const campaign = of.campaign ?? `lab/${image}-${cache}-${cut}`
    const run = runId(++this.#count)
    const at = new Date(Date.UTC(2026, 0, 1) + this.#count * 1000).toISOString()
    const lie = { ...(fault === undefined ? {} : { fault }), ...(control === undefined ? {} : { control }) }
    const labels = { rig, image, cache, cut, ...lie }
    const manifest = wholeManifest(run, campaign, labels)
    const environment = { ...manifest.environment, hostname: host }
    await this.#store.createRun({ run, campaign, createdAt: at, manifest: { ...manifest, environment } })
    if (verdict === undefined) return run
    const record: CutRecord = {
      kind: cut,
      at,
      died: true,
      signal: 'SIGKILL',
      target: { what: 'qemu-storage-daemon', pid: 7 },
    }
    await this.#store.recordCut(run, record, at)
    await this.#store.addVerdict(run, at, verdict(run))
    return run
  }
}

/** Fills `store.db` in `folder`, where `startCollector` looks for it. */
export async function withStore(folder: string, fill: (recorder: Recorder) => Promise<void>): Promise<void> {
  const store = openSqliteStore(join(folder, 'store.db'))
  try {
    await fill(new Recorder(store))
  } finally {
    await store.close()
  }
}

/** Images by cache modes under two cuts: some hold, some lose what was promised to nobody, some break promises. */
export async function fillMatrix(recorder: Recorder): Promise<void> {
  for (const image of ['raw', 'qcow2', 'qcow2-overlay-extl2']) {
    await recorder.runs(2, { image, cache: 'writethrough', cut: 'sigkill' }, heldVerdict)
    await recorder.runs(2, { image, cache: 'writeback', cut: 'sigkill' }, image === 'raw' ? heldVerdict : hazardVerdict)
    await recorder.runs(3, { image, cache: 'unsafe', cut: 'host-power', rig: 'host-power' }, violationVerdict)
  }
  await recorder.run({ image: 'raw', cache: 'none', cut: 'host-power', rig: 'host-power' })
  await recorder.run(
    { image: 'raw', cache: 'unsafe', cut: 'host-power', rig: 'host-power', campaign: 'again' },
    heldVerdict,
  )
  await recorder.runs(2, { image: 'raw', cache: 'writethrough', cut: 'sigkill', host: 'beta' }, heldVerdict)
  await recorder.runs(2, { image: 'raw', cache: 'writethrough', cut: 'sigkill', fault: 'drop-flush' }, violationVerdict)
  await recorder.run(
    { image: 'raw', cache: 'unsafe', cut: 'host-power', rig: 'host-power', campaign: 'lab-control', control: 'yes' },
    violationVerdict,
  )
}
