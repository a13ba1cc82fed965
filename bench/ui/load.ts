/** Puts made runs into a store as a collector would: run, log, cut, verdict. */
import type { Store } from '../../src/collector/store/store.ts'
import type { RecordedRun } from './recorded-run.ts'

/** As the agents' appends. */
const PIECE_BYTES = 1 << 20

/** Throws where the store refuses any of it: then it held other runs before. */
export async function loadRun(store: Store, recorded: RecordedRun): Promise<void> {
  const { manifest, createdAt, verifiedAt, log, progress, cut, verdict } = recorded
  const { run, campaign } = manifest
  expect(run, 'created', await store.createRun({ run, campaign, createdAt, manifest }))
  for (let offset = 0; offset < log.length; offset += PIECE_BYTES) {
    const bytes = log.subarray(offset, offset + PIECE_BYTES)
    const [outcome] = await store.append([{ run, offset, bytes, progress, at: cut.at }])
    expect(run, 'stored', outcome?.kind)
  }
  expect(run, 'recorded', await store.recordCut(run, cut, cut.at))
  expect(run, 1, await store.addVerdict(run, verifiedAt, verdict))
}

function expect(run: string, wanted: string | number, got: string | number | undefined): void {
  if (got !== wanted) throw new Error(`run ${run}: the store said ${JSON.stringify(got)} instead of ${wanted}`)
}
