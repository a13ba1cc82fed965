/** The demo, end to end: with real images where the machine can, with simulated disks everywhere. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ended, inPlace, skippedWithout } from './loop-run.ts'

describe('the demo', () => {
  it('shows the published tear and its table', async (t) => {
    if (skippedWithout(t, 'storage-daemon', 'host-power')) return
    await inPlace(async (place) => {
      const { status, stdout, stderr } = await place.run(['demo', '--exit', '--cycles', '1'])
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      assert.match(stdout, /"B B A old" became "old B A old"/)
      assert.match(stdout, /"B B A old" became "B B A old"/)
      assert.match(stdout, /positive control caught/)
      assert.match(stdout, /qcow2 unsafe, host power +1 +violation/)
      assert.match(stdout, /raw, SIGKILL +1 +held +0 +0 +0/)
    })
  })

  it('does with simulated disks what it can', () =>
    inPlace(async (place) => {
      const { status, stdout } = await place.run(['demo', '--sim', '--json', '--cycles', '1'])
      assert.equal(status, 0)
      const { schema, steps }: { schema: string; steps: { asExpected: boolean }[] } = JSON.parse(stdout)
      assert.equal(schema, 'plugpull.demo/1')
      assert.ok(steps.length >= 3 && steps.every(({ asExpected }) => asExpected))
    }))

  it('serves the collector until Ctrl-C', () =>
    inPlace(async (place) => {
      const child = place.start(['demo', '--sim', '--cycles', '1'])
      let url = ''
      child.stdout?.on('data', (text: Buffer) => {
        url ||= /are at (http:\S+)/.exec(text.toString())?.[1] ?? ''
        if (url !== '') void look()
      })
      let seen = ''
      const look = async (): Promise<void> => {
        if (seen !== '') return
        seen = 'looking'
        seen = await (await fetch(`${url}v1/campaigns`)).text()
        child.kill('SIGINT')
      }
      const { status } = await ended(child)
      assert.equal(status, 0)
      assert.match(seen, /sim-/)
    }))
})
