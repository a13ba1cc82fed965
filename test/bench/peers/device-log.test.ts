import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOCK_BYTES, readDeviceLog } from '../../../bench/peers/device-log.ts'

const SIZE = 8 * BLOCK_BYTES

/** A log in the words of nbdkit 1.32, from `w BLOCK`, `w. BLOCK` (never completed), `f` and `f.`; each takes 10 ms. */
function logOf(script: string): string {
  let lines = '2026-11-27 17:09:12.909579 Ready thread_model=3\n'
  for (const [index, step] of script.split('; ').entries()) {
    const [word = '', block] = step.split(' ')
    const stamp = (ms: number): string => `2026-11-27 17:00:00.${String(index * 10 + ms).padStart(3, '0')}000`
    const kind = word.startsWith('w') ? 'Write' : 'Flush'
    const place =
      block === undefined ? '' : ` offset=0x${(Number(block) * BLOCK_BYTES).toString(16)} count=0x1000 fua=0`
    lines += `${stamp(0)} connection=${index % 2} ${kind} id=${index}${place} ...\n`
    if (!word.endsWith('.')) lines += `${stamp(5)} connection=${index % 2} ...${kind} id=${index} return=0\n`
  }
  return lines
}

describe('the log of the device', () => {
  it('says which blocks were flushed, which were not, and which nobody wrote', () => {
    const { blocks, writes, flushes, writesAtRisk } = readDeviceLog(logOf('w 1; w 2; f; w 3'), SIZE, 0)
    assert.deepEqual(blocks.slice(0, 4), ['untouched', 'stable', 'stable', 'unsure'])
    assert.deepEqual([writes, flushes, writesAtRisk], [3, 1, 1])
  })

  it('goes by the last write over a block, and still knows what the earlier one is owed', () => {
    const { blocks, owed } = readDeviceLog(logOf('w 1; f; w 1; w 2'), SIZE, 0)
    assert.deepEqual([blocks[1], blocks[2]], ['unsure', 'unsure'])
    assert.deepEqual([...owed], [1])
  })

  it('believes no flush that did not complete, and no write that did not', () => {
    const { blocks, flushes, writesAtRisk } = readDeviceLog(logOf('w 1; w. 2; f.'), SIZE, 0)
    assert.deepEqual([blocks[1], blocks[2], flushes, writesAtRisk], ['unsure', 'unsure', 0, 2])
    assert.equal(readDeviceLog(logOf('w. 2; f; f'), SIZE, 0).blocks[2], 'unsure')
  })

  it('counts a flush only where it is old enough', () => {
    const log = logOf('w 1; f; w 2; f')
    assert.deepEqual(readDeviceLog(log, SIZE, 15).blocks.slice(1, 3), ['stable', 'unsure'])
    assert.deepEqual(readDeviceLog(log, SIZE, 60).blocks.slice(1, 3), ['unsure', 'unsure'])
  })

  it('spreads a write over all blocks that it touches', () => {
    const log = logOf('w 1; f').replace('offset=0x1000 count=0x1000', 'offset=0x1800 count=0x2000')
    assert.deepEqual(readDeviceLog(log, SIZE, 0).blocks.slice(0, 5), [
      'untouched',
      'stable',
      'stable',
      'stable',
      'untouched',
    ])
  })
})
