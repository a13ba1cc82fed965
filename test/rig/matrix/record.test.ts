/** What a folder knows after any end of the program that wrote it. */
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { type StateRecord, lineOf, parseRecords, stateOf } from '../../../src/rig/matrix/record.ts'
import { openFolder, readState, stateFile } from '../../../src/rig/matrix/state.ts'
import { begun, caught, cycle, failed, ran } from './examples.ts'

const CELL = 'storage-daemon/raw/none/sigkill'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'pp-matrix-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('the records of a matrix', () => {
  const records: readonly StateRecord[] = [...begun({}), ...ran(CELL, cycle(1), cycle(2)), caught('host-power/raw')]
  const text = records.map(lineOf).join('')

  it('come back as they were', () => {
    assert.deepEqual(parseRecords(text, 'file'), records)
  })

  it('count as far as their lines are whole, wherever a kill came', () => {
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1)
    for (let length = 0; length <= text.length; length += 7) {
      const whole = ends.filter((end) => end <= length).length
      assert.deepEqual(parseRecords(text.slice(0, length), 'file'), records.slice(0, whole))
    }
  })

  it('are refused where a whole line is damaged, or of another version', () => {
    assert.throws(() => parseRecords('{"kind":"cyc\n', 'lab/matrix.jsonl'), /lab\/matrix\.jsonl, line 1, is damaged/)
    assert.throws(() => parseRecords(`${text}{"kind":"novel"}\n`, 'f'), /line 6, is not a record/)
    assert.throws(() => parseRecords('{"kind":"head","schema":"plugpull.matrix-state/9"}\n', 'f'), /is not a record/)
  })

  it('keep the newest of a cycle that was run again', () => {
    const { cells } = stateOf(ran(CELL, cycle(1), failed(2, 'it fell over'), cycle(2)))
    assert.deepEqual([...(cells.get(CELL)?.values() ?? [])], [cycle(1), cycle(2)])
  })
})

describe('the folder of a matrix', () => {
  it('goes on behind the last whole line', async (t) => {
    const path = folder(t)
    const first = await openFolder(path)
    for (const record of [...begun({}), ...ran(CELL, cycle(1))]) first.append(record)
    first.close()
    appendFileSync(stateFile(path), '{"kind":"cycle","cell":"storage-dae')
    const second = await openFolder(path)
    for (const record of ran(CELL, cycle(2))) second.append(record)
    assert.deepEqual([...(second.state().cells.get(CELL)?.keys() ?? [])], [1, 2])
    second.close()
    assert.deepEqual(readState(path).cells, stateOf(ran(CELL, cycle(1), cycle(2))).cells)
    assert.doesNotMatch(readFileSync(stateFile(path), 'utf8'), /storage-dae{/)
  })

  it('lets one in at a time', async (t) => {
    const path = folder(t)
    const first = await openFolder(path)
    await assert.rejects(
      openFolder(path),
      /another plugpull matrix works on .*; wait for its end, or choose another --output/,
    )
    first.close()
    ;(await openFolder(path)).close()
  })

  it('lets the next one in after a failed opening', async (t) => {
    const path = folder(t)
    writeFileSync(stateFile(path), 'nonsense\n')
    await assert.rejects(openFolder(path), /line 1, is damaged/)
    truncateSync(stateFile(path))
    ;(await openFolder(path)).close()
  })

  it('is not any folder', (t) => {
    assert.throws(() => readState(folder(t)), /is not a folder of plugpull matrix: it has no matrix\.jsonl/)
  })
})
