import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProbeError } from '../../src/core/errors.ts'
import { loopCommand } from '../../src/rig/loop-command.ts'
import { labelsOf } from '../../src/rig/run-order.ts'
import { controlOf, cutMomentMs, cycleSeed, parseLoopOptions } from '../../src/rig/loop-options.ts'

describe('options of the loop', () => {
  it("fills in the rig's defaults", () => {
    const config = parseLoopOptions({ rig: 'storage-daemon' })
    assert.equal(config.cut, 'sigkill')
    assert.equal(config.image, 'qcow2')
    assert.equal(config.cache, 'none')
    assert.equal(config.cycles, 1)
    assert.equal(config.clusterBytes, 65_536)
    assert.equal(config.ends, false)
    assert.match(config.seed, /^[0-9a-f]{16}$/)
  })

  it('takes the cluster size of the image, larger with subclusters', () => {
    assert.equal(parseLoopOptions({ image: 'qcow2-overlay-extl2' }).clusterBytes, 131_072)
    assert.equal(parseLoopOptions({ image: 'qcow2-extl2', clusterSize: '64k' }).clusterBytes, 65_536)
    assert.equal(parseLoopOptions({ image: 'raw' }).clusterBytes, undefined)
  })

  it('knows which workloads end by themselves', () => {
    assert.equal(parseLoopOptions({ script: 'w 0+8' }).ends, true)
    assert.equal(parseLoopOptions({ writes: '10' }).ends, true)
    assert.equal(parseLoopOptions({ duration: '1s' }).ends, true)
    assert.equal(parseLoopOptions({ workload: 'wal' }).ends, false)
  })

  it('takes a fault with the place and rate that the rig knows', () => {
    for (const fault of ['drop-flush:0.1', 'flip-bit@4096+8', 'drop-every-kth-flush@f2:k=4'])
      assert.equal(parseLoopOptions({ rig: 'sim', fault }).fault, fault)
  })

  const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ rig: 'drill' }, /--rig got "drill"; it takes storage-daemon, host-power, .*sim$/],
    [{ rig: 'host-power', cut: 'sigterm' }, /--cut got "sigterm"; --rig host-power takes host-power/],
    [{ cache: 'sometimes' }, /--cache got "sometimes"; --rig storage-daemon takes none, writeback/],
    [{ image: 'vmdk' }, /--image got "vmdk"; --rig storage-daemon takes qcow2, raw/],
    [
      { image: 'qcow2-extl2', clusterSize: '4k' },
      /--cluster-size got 4096 bytes; --image qcow2-extl2 takes a power of two from 16 KiB/,
    ],
    [{ clusterSize: '100k' }, /--cluster-size got 102400 bytes/],
    [{ cycles: '0' }, /--cycles got "0"/],
    [{ jobs: '65' }, /--jobs got "65"/],
    [
      { rig: 'libvirt', domain: 'web', jobs: '2' },
      /--jobs 2 does not go with --rig libvirt: --domain names one machine/,
    ],
    [{ backingChain: '2' }, /--backing-chain goes with an overlay, not with --image qcow2/],
    [{ size: '1000' }, /--size got "1000"; it takes a multiple of 4k from 1M/],
    [{ cutAfter: '2s-1s' }, /--cut-after got "2s-1s"/],
    [{ fault: 'drop-flush' }, /--fault got "drop-flush"; --rig storage-daemon has no faults/],
    [{ rig: 'host-power', fault: 'log-writes' }, /--fault got "log-writes"; --rig host-power takes fua-discard/],
    [
      { rig: 'qemu', fault: 'drop-flush' },
      /--fault got "drop-flush"; --rig qemu takes fua-discard, flakey-drop-writes/,
    ],
    [
      { rig: 'sim', verifyIn: 'guest' },
      /--verify-in guest goes with .* --rig qemu or libvirt boots; --rig sim has none/,
    ],
    [
      { rig: 'libvirt', domain: 'web', verifyIn: 'guest' },
      /--verify-in guest goes with .*; --rig libvirt has none here/,
    ],
    [
      { rig: 'sim', fault: 'gremlins' },
      /^(?!.*(read-error|tear-atomic|reorder,))--fault got "gremlins".* drop-flush, /,
    ],
    [{ rig: 'sim', fault: 'drop-flush:0.1:0.2' }, /one rate, not two/],
    [{ rig: 'sim', fault: 'flip-bit@f1' }, /--fault got "flip-bit@f1"; it takes for flip-bit a place/],
    [{ rig: 'sim', fault: 'read-error@0+8' }, /--fault got "read-error@0\+8"; it takes .* NAME is one of ignore-fua, /],
    [{ contract: 'always' }, /--contract "always" is not known/],
    [{ queueDepth: '65' }, /--queue-depth got "65"/],
    [{ script: 'x' }, /--script has "x"/],
  ]
  for (const [raw, message] of refused) {
    it(`refuses ${JSON.stringify(raw)}`, () => {
      assert.throws(
        () => parseLoopOptions(raw),
        (error) => error instanceof ProbeError && error.exitStatus === 64 && message.test(error.message),
      )
    })
  }

  it('refuses a second fault, which would take the place of the first', () => {
    const twice = ['--fault', 'flip-bit', '--fault', 'drop-flush']
    assert.throws(() => loopCommand().parseOptions(twice), /--fault was given twice, flip-bit and drop-flush/)
    assert.equal(loopCommand().parseOptions(['--fault', 'flip-bit']).unknown.length, 0)
  })

  it('draws seeds and moments that can be had again', () => {
    const config = parseLoopOptions({ seed: '7', cutAfter: '100ms-900ms' })
    assert.equal(cycleSeed(config.seed, 1), config.seed)
    const seeds = Array.from({ length: 50 }, (_, index) => cycleSeed(config.seed, index + 1))
    assert.equal(new Set(seeds).size, 50)
    const moments = seeds.map((seed) => cutMomentMs(config, seed))
    assert.ok(moments.every((ms) => ms >= 100 && ms <= 900))
    assert.ok(new Set(moments).size > 25, 'moments vary')
    const third = seeds[2] ?? ''
    assert.equal(cutMomentMs(config, cycleSeed(third, 1)), moments[2], 'a cycle is replayed as a first one')
  })

  it('makes the control a liar on the same workload', () => {
    const real = controlOf(parseLoopOptions({ rig: 'storage-daemon', image: 'raw', workload: 'wal', keep: '/nowhere' }))
    assert.equal(real.rig.name, 'host-power')
    assert.deepEqual([real.image, real.cache, real.cut, real.keep], ['raw', 'unsafe', 'host-power', undefined])
    assert.equal(real.workload['workload'], 'wal')
    const sim = controlOf(parseLoopOptions({ rig: 'sim', fault: 'flip-bit' }))
    assert.equal(sim.fault, 'drop-flush')
    const machine = { kind: 'self', labels: {} } as const
    assert.deepEqual(
      [real, sim, parseLoopOptions({ rig: 'sim' })].map((config) => labelsOf(config, machine)['control']),
      ['yes', 'yes', undefined],
    )
  })
})
