/** What the agent takes for the baseline must outlive a cut by itself: the disk is accused where it does not. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { establishBaseline } from '../../src/agent/baseline.ts'
import { Uplink } from '../../src/agent/uplink.ts'
import { FrameEncoder } from '../../src/core/wire.ts'
import type { DevicePort } from '../../src/io/device.ts'
import { manifest } from '../verify/report/fixtures.ts'

/** What the device is asked for, in order; repeats left out. */
async function requestsFor(baseline: 'format' | 'scan'): Promise<readonly string[]> {
  const requests: string[] = []
  const asked = (what: string): void => void (requests.at(-1) === what || requests.push(what))
  const device: DevicePort = {
    sizeSectors: 8192,
    read: () => asked('read'),
    write: () => asked('write'),
    flush: () => asked('flush'),
    close: () => undefined,
  }
  const log = {
    append: async (offset: number, bytes: Uint8Array) => ({
      stable: offset + bytes.length,
      next: offset + bytes.length,
    }),
    close: async () => undefined,
  }
  const uplink = new Uplink(
    log,
    () => ({ state: 'preparing', issued: 0, completed: 0, flushes: 0 }),
    () => undefined,
  )
  const plan = { ...manifest.plan, region: { lba: 0, sectors: 8192 } }
  const established = await establishBaseline({
    manifest: { ...manifest, plan, baseline },
    device,
    frames: new FrameEncoder(),
    uplink,
    signal: new AbortController().signal,
    progressed: () => undefined,
  })
  await uplink.settled()
  assert.equal(established, true)
  return requests
}

test('a scan first flushes: what an earlier writer left in a volatile cache is lost in the cut, and nobody’s fault', async () => {
  assert.deepEqual(await requestsFor('scan'), ['flush', 'read'])
})

test('a format ends with a flush', async () => {
  assert.deepEqual(await requestsFor('format'), ['write', 'flush'])
})
