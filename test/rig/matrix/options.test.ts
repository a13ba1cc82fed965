import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProbeError } from '../../../src/core/errors.ts'
import { cellName } from '../../../src/rig/matrix/cell.ts'
import { liarsOf } from '../../../src/rig/matrix/controls.ts'
import { cellsIn, parseMatrixOptions } from '../../../src/rig/matrix/options.ts'
import { stateOf } from '../../../src/rig/matrix/record.ts'
import { cyclesToCome } from '../../../src/rig/matrix/run.ts'
import { begun, cycle, failed, ran } from './examples.ts'

const NEW = stateOf([])
const SMALL = { rig: 'storage-daemon', image: 'raw', cache: 'none,writeback', cut: 'sigkill', cycles: '2' }
const [NONE, WRITEBACK] = ['storage-daemon/raw/none/sigkill', 'storage-daemon/raw/writeback/sigkill'] as const

describe('options of the matrix', () => {
  it('make each cell a campaign of its own, all with the same seed and workload', () => {
    const { cells, name } = parseMatrixOptions({ seed: '7' }, 'lab', NEW)
    assert.equal(name, 'matrix-00000000')
    assert.equal(new Set(cells.map(({ config }) => config.campaign)).size, cells.length)
    for (const { config } of cells) {
      assert.match(config.campaign, /^[\w.:-]{1,100}$/)
      assert.equal(config.seed, '0000000000000007')
      assert.deepEqual([config.workload['workload'], config.workload['flushEvery']], ['random', '256'])
      assert.equal(config.sizeBytes, 64 * 2 ** 20)
    }
  })

  it('share a liar among the cells of an image', () => {
    const { cells } = parseMatrixOptions({ image: 'raw,qcow2' }, 'lab', NEW)
    assert.deepEqual(
      [...liarsOf(cells, 'x').keys()],
      ['host-power/raw/unsafe/host-power', 'host-power/qcow2/unsafe/host-power'],
    )
  })

  it("take a workload as it is given, without the default's cadence", () => {
    const [first] = parseMatrixOptions({ ...SMALL, workload: 'wal' }, 'lab', NEW).cells
    assert.deepEqual([first?.config.workload['workload'], first?.config.workload['flushEvery']], ['wal', undefined])
  })

  it('verify in the guest only where there is one', () => {
    const { cells } = parseMatrixOptions({ ...SMALL, rig: 'storage-daemon,qemu', verifyIn: 'guest' }, 'lab', NEW)
    assert.deepEqual([...new Set(cells.map(({ cell, config }) => `${cell.rig} ${config.verifyIn}`))].toSorted(), [
      'qemu guest',
      'storage-daemon host',
    ])
    assert.throws(
      () => parseMatrixOptions({ ...SMALL, verifyIn: 'guest' }, 'lab', NEW),
      /--verify-in guest goes with .*--rig storage-daemon has none here/,
    )
  })

  it('go on with what the folder has where nothing else is given', () => {
    const state = stateOf(begun({ ...SMALL, writeSize: '8k', jobs: '2' }))
    const again = parseMatrixOptions({}, 'lab', state)
    assert.deepEqual(
      again.cells.map(({ cell }) => cellName(cell)),
      [NONE, WRITEBACK],
    )
    assert.deepEqual([again.cycles, again.jobs, again.fixed['writeSize']], [2, 1, '8k'])
    assert.deepEqual(parseMatrixOptions({ seed: '7', writeSize: '8k' }, 'lab', state).fixed, again.fixed)
  })

  it('may ask for other cells and more cycles later; the folder is about all of them', () => {
    const before = begun(SMALL)
    const more = parseMatrixOptions({ cache: 'unsafe', cycles: '3' }, 'lab', stateOf(before))
    assert.deepEqual(
      more.cells.map(({ cell, config }) => [cell.cache, config.cycles]),
      [['unsafe', 3]],
    )
    const session = { kind: 'session', at: '', command: '', selection: more.selection } as const
    assert.deepEqual(
      cellsIn(stateOf([...before, session])).map(({ cell, config }) => [cell.cache, config.cycles]),
      [
        ['none', 2],
        ['writeback', 2],
        ['unsafe', 3],
      ],
    )
  })

  it('come to what is not there yet, round after round', () => {
    const state = stateOf([...begun(SMALL), ...ran(NONE, cycle(1)), ...ran(WRITEBACK, failed(2, 'it fell over'))])
    const toCome = (raw: Record<string, string | boolean>): readonly string[] =>
      cyclesToCome(parseMatrixOptions(raw, 'lab', state), state).map(
        ({ cell, cycle: number }) => `${number} ${cellName(cell.cell)}`,
      )
    assert.deepEqual(toCome({}), [`1 ${WRITEBACK}`, `2 ${NONE}`])
    assert.deepEqual(toCome({ retryInconclusive: true }), [`1 ${WRITEBACK}`, `2 ${NONE}`, `2 ${WRITEBACK}`])
    assert.deepEqual(toCome({ cycles: '1' }), [`1 ${WRITEBACK}`])
  })

  const state = stateOf(begun({ ...SMALL, writeSize: '8k' }))
  const refused: readonly (readonly [Record<string, string>, typeof NEW, RegExp])[] = [
    [
      { writeSize: '4k' },
      state,
      /--write-size got "4k", but lab was begun with --write-size 8k; leave --write-size out/,
    ],
    [{ queueDepth: '4' }, state, /--queue-depth got "4", but lab was begun without --queue-depth/],
    [{ seed: '8' }, state, /--seed got "0000000000000008", but lab was begun with --seed 0000000000000007/],
    [{ name: 'other' }, state, /--name got "other", but lab was begun with --name matrix-00000000/],
    [{ rig: 'storage-daemon,drill' }, NEW, /--rig got "drill"; it takes/],
    [{ cache: 'none,sometimes' }, NEW, /--cache got "sometimes"; it takes none, writeback/],
    [{ cut: 'guest-crash' }, NEW, /--cut got "guest-crash"; --rig storage-daemon, host-power takes/],
    [{ name: 'a name' }, NEW, /--name got "a name"/],
    [{ cycles: '0' }, NEW, /--cycles got "0"/],
    [{ jobs: '0' }, NEW, /--jobs got "0"/],
    [{ rig: 'command' }, NEW, /--rig command does not go with a matrix, .*: the machine is there already/],
    [
      { rig: 'libvirt', domain: 'web' },
      NEW,
      /--rig libvirt does not go with a matrix, .*: the machine is there already/,
    ],
    [{ bus: 'nvme' }, NEW, /--bus is no option of --rig storage-daemon, host-power/],
    [{ fua: '200' }, NEW, /--fua got "200"/],
  ]
  for (const [raw, known, message] of refused) {
    it(`refuse ${JSON.stringify(raw)}`, () => {
      assert.throws(
        () => parseMatrixOptions(raw, 'lab', known),
        (error) => error instanceof ProbeError && error.exitStatus === 64 && message.test(error.message),
      )
    })
  }
})
