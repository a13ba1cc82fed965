/** The facts of a run: where they come from, and that rates counted from them are those of the verdicts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, wasToldToLie } from '../../../src/core/campaign/facts.ts'
import { stubManifest, wholeManifest } from '../../collector/helpers.ts'

const RUN = '0000000000000001'

test('labels, manifest and cut tell what a run was', () => {
  const labels = { rig: 'qemu', cache: 'none', image: 'qcow2', cut: 'asked for', bus: 'nvme' }
  const facts = factsOf(wholeManifest(RUN, 'c', labels), { kind: 'sigkill' })
  assert.deepEqual(facts, {
    rig: 'qemu',
    cache: 'none',
    image: 'qcow2',
    cut: 'sigkill',
    bus: 'nvme',
    fault: '',
    control: '',
    qemu: '',
    kernel: '6.1',
    host: 'guest',
    workload: 'random',
    contract: 'volatile',
    target: '/dev/vdb',
    flush: 'every 16 writes',
  })
  assert.equal(factsOf(wholeManifest(RUN, 'c', labels)).cut, 'asked for')
})

test('the version of QEMU is a label of its own, or in the line of the program', () => {
  const line = 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)'
  const qemu = (labels: Record<string, string>): string => factsOf(wholeManifest(RUN, 'c', labels)).qemu
  assert.equal(qemu({ 'qemu-system-x86_64': line }), '7.2.22')
  assert.equal(qemu({ 'qemu-storage-daemon': line.replace('QEMU emulator', 'qemu-storage-daemon') }), '7.2.22')
  assert.equal(qemu({ qemu: '9.1', 'qemu-storage-daemon': line }), '9.1')
  assert.equal(qemu({}), '')
})

test('a positive control says so, by the one value that the rigs give it', () => {
  const control = (labels: Record<string, string>): string => factsOf(wholeManifest(RUN, 'c', labels)).control
  assert.deepEqual([control({ control: 'yes' }), control({ control: 'mine' }), control({})], ['yes', '', ''])
  const facts = (labels: Record<string, string>) => factsOf(wholeManifest(RUN, 'c', labels))
  assert.deepEqual([facts({ control: 'yes' }), facts({ fault: 'x' }), facts({ control: 'mine' })].map(wasToldToLie), [
    true,
    true,
    false,
  ])
})

test('a manifest that is not one tells nothing but the cut', () => {
  const facts = factsOf(stubManifest(RUN), { kind: 'sigkill' })
  assert.deepEqual([facts.cut, facts.host, facts.workload], ['sigkill', '', ''])
})
