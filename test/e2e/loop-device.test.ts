/** Agent and verifier on block devices of both logical block sizes, and what breaks in between is named. */
import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openLab } from '../io/lab.ts'
import { plugpull, scratchFolder } from '../support/plugpull-process.ts'

const MIB = 1 << 20

describe('a loop device', () => {
  for (const logicalBlockBytes of [512, 4096]) {
    test(`of ${logicalBlockBytes}-byte logical blocks is written, acquitted, and convicted once it was changed`, async (t) => {
      const lab = openLab(t, ['root', 'losetup'])
      if (lab === undefined) return
      const backing = lab.file('backing.raw', 8 * MIB)
      const target = lab.loop(backing, { logicalBlockBytes })
      const log = join(scratchFolder(t), 'run.log')
      const workload = [
        '--write-size',
        `${logicalBlockBytes}-64k`,
        '--flush-every',
        '1',
        '--writes',
        '300',
        '--fua',
        '20',
      ]
      const agent = await plugpull(t, 'agent', '--target', target, '--log', log, '--queue-depth', '4', ...workload)
      assert.equal(agent.status, 0, agent.stderr)
      const held = await plugpull(t, 'verify', '--target', target, '--log', log, '--json')
      assert.equal(held.status, 0, held.stdout + held.stderr)
      const verdict = JSON.parse(held.stdout)
      assert.equal(verdict.verdict, 'held')
      assert.equal(verdict.checked.issuedWrites, 300)
      assert.ok(verdict.checked.stableSectors > 300)

      const lba = stampedSector(backing)
      const descriptor = openSync(target, 'r+')
      writeSync(descriptor, Buffer.alloc(logicalBlockBytes, 0xa5), 0, logicalBlockBytes, lba * 512)
      closeSync(descriptor)
      const broken = await plugpull(t, 'verify', '--target', target, '--log', log, '--json')
      assert.equal(broken.status, 10, broken.stderr)
      const conviction = JSON.parse(broken.stdout)
      assert.equal(conviction.violations.corrupt, logicalBlockBytes / 512)
      assert.equal(conviction.findings[0].lba, lba)
    })
  }
})

/** Address of some stamped sector at a multiple of 4 KiB of which the neighbours are stamped too. */
function stampedSector(path: string): number {
  const bytes = readFileSync(path)
  const isStamped = (sector: number): boolean => bytes.toString('latin1', sector * 512, sector * 512 + 4) === 'PLUG'
  for (let lba = 0; lba < bytes.length / 512; lba += 8) {
    if (Array.from({ length: 8 }, (_, i) => lba + i).every(isStamped)) return lba
  }
  return assert.fail('no sector is stamped')
}
