/** The store that the pages are measured on, made anew or, once made, used again. */
import { existsSync, renameSync, statSync } from 'node:fs'
import { openStore } from '../../src/collector/store/open-store.ts'
import { createProgress } from '../../src/io/progress.ts'
import { BIG_RUN, bigRun } from './big-run.ts'
import { BIG_CAMPAIGN_RUNS, bigCampaign, MATRIX_RUNS, matrixCampaigns } from './campaigns.ts'
import { loadRun } from './load.ts'
import type { UiData } from './page.ts'
import type { RecordedRun } from './recorded-run.ts'

/** Sectors of 512 bytes in a block of 4 KiB. */
const BLOCK_SECTORS = 8

const RUNS = BIG_CAMPAIGN_RUNS + MATRIX_RUNS + 1

function* allRuns(): Iterable<RecordedRun> {
  yield* matrixCampaigns(BIG_CAMPAIGN_RUNS)
  yield* bigCampaign()
  yield bigRun()
}

/** Makes the store at `file` unless it is there; whole or not at all. */
export async function makeData(file: string, signal: AbortSignal): Promise<void> {
  if (existsSync(file)) return
  const progress = createProgress({ label: 'making runs', total: RUNS })
  const part = `${file}.part`
  const store = await openStore(`sqlite:${part}`, 'write')
  try {
    let done = 0
    for (const run of allRuns()) {
      signal.throwIfAborted()
      await loadRun(store, run)
      progress.update(++done)
    }
  } finally {
    progress.finish()
    await store.close()
  }
  renameSync(part, file)
}

/** What is in it, as the store itself counts. */
export async function factsOfData(file: string, bigRunId: string): Promise<UiData['data']> {
  const store = await openStore(`sqlite:${file}`, 'read')
  try {
    const verdict = await store.verdict(bigRunId, 1)
    return {
      runs: (await store.totals()).runs,
      campaigns: (await store.campaigns()).length,
      blocks: BIG_RUN.sectors / BLOCK_SECTORS,
      writes: verdict?.checked.issuedWrites ?? 0,
      findings: verdict?.findings.length ?? 0,
      storeBytes: statSync(file).size,
    }
  } finally {
    await store.close()
  }
}
