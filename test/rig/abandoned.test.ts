/** The end of a run that was given up is told, unless something says it already; and never at the price of the exit. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunProgress, RunView } from '../../src/core/campaign/campaign.ts'
import type { AppendResult } from '../../src/io/collector-client.ts'
import { tellAbandoned } from '../../src/rig/abandoned.ts'
import { sampleManifest } from '../collector/helpers.ts'

const RUN = '00112233445566aa'
const WRITING: RunProgress = { state: 'writing', issued: 7, completed: 5, flushes: 2 }

interface Told {
  readonly offset: number
  readonly bytes: number
  readonly progress: RunProgress | undefined
}

function clientOf(changes: Partial<RunView>, told: Told[]) {
  const view: RunView = {
    run: RUN,
    campaign: 'sample',
    manifest: sampleManifest(RUN),
    createdAt: '2026-01-01T00:00:00.000Z',
    bytes: 42,
    verdicts: [],
    ...changes,
  }
  return {
    run: async (): Promise<RunView> => view,
    append: async (_run: string, offset: number, bytes: Uint8Array, progress?: RunProgress): Promise<AppendResult> => {
      told.push({ offset, bytes: bytes.length, progress })
      return { kind: 'stored', offset }
    },
  }
}

describe('the end of an abandoned run', () => {
  it('is told at the end of its log, with what it had told before', async () => {
    const told: Told[] = []
    await tellAbandoned(clientOf({ progress: WRITING }, told), RUN)
    assert.deepEqual(told, [{ offset: 42, bytes: 0, progress: { ...WRITING, state: 'failed' } }])
  })

  it('is not told of one that has ended already, or was cut', async () => {
    const told: Told[] = []
    await tellAbandoned(clientOf({ progress: { ...WRITING, state: 'done' } }, told), RUN)
    await tellAbandoned(clientOf({ progress: { ...WRITING, state: 'failed' } }, told), RUN)
    const cut = { at: '2026-01-01T00:00:00.000Z', kind: 'sigkill', died: true }
    await tellAbandoned(clientOf({ progress: WRITING, cut }, told), RUN)
    assert.deepEqual(told, [])
  })

  it('holds up nobody where the collector does not answer, and hides that it is away', async () => {
    const never = { ...clientOf({}, []), run: (): Promise<RunView> => new Promise(() => undefined) }
    await tellAbandoned(never, RUN, 1)
    await tellAbandoned({ ...never, run: () => Promise.reject(new Error('away')) }, RUN, 60_000)
  })
})
