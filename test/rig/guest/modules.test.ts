/** Kernels and modules, over folders made here that look like an unpacked package. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { byPreference, findKernel, kernelsIn } from '../../../src/rig/guest/kernel.ts'
import { modulesToLoad, readModuleTree } from '../../../src/rig/guest/modules.ts'
import { scratchFolder } from '../../support/plugpull-process.ts'

const moduleOf = (depends: string): Buffer => Buffer.from(`\u007FELF…\0license=GPL\0depends=${depends}\0name=x\0`)

/** A kernel of that version: module path → what it depends on. */
function kernelFolder(root: string, version: string, modules: Readonly<Record<string, string>>): string {
  const folder = join(root, 'lib', 'modules', version)
  const write = (path: string, bytes: string | Uint8Array): void => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
  for (const [path, depends] of Object.entries(modules)) {
    const bytes = moduleOf(depends)
    write(join(folder, 'kernel', path), path.endsWith('.gz') ? gzipSync(bytes) : bytes)
  }
  write(join(folder, 'modules.builtin'), 'kernel/drivers/nvme/host/nvme-core.ko\n')
  write(join(root, 'boot', `vmlinuz-${version}`), 'kernel')
  return folder
}

const MODULES = {
  'net/virtio-net.ko': 'net_failover,virtio',
  'net/net_failover.ko': 'failover',
  'net/failover.ko': '',
  'virtio.ko': 'virtio_ring',
  'virtio_ring.ko.gz': '',
  'lost.ko': 'nowhere',
}

function withKernelRoot(t: TestContext, root: string): void {
  process.env['PLUGPULL_GUEST_KERNEL'] = root
  t.after(() => delete process.env['PLUGPULL_GUEST_KERNEL'])
}

describe('kernel modules', () => {
  test('load after what they need, each once, without those built in', (t) => {
    const tree = readModuleTree(kernelFolder(scratchFolder(t), '6.1.0', MODULES))
    const names = modulesToLoad(tree, ['nvme_core', 'virtio_net', 'virtio']).map(({ name }) => name)
    assert.deepEqual(names, ['failover', 'net_failover', 'virtio_ring', 'virtio', 'virtio_net'])
  })

  test('come uncompressed, and a missing one is named', (t) => {
    const tree = readModuleTree(kernelFolder(scratchFolder(t), '6.1.0', MODULES))
    assert.deepEqual(modulesToLoad(tree, ['virtio_ring'])[0]?.bytes, moduleOf(''))
    assert.throws(() => modulesToLoad(tree, ['lost']), /has no module nowhere/)
  })
})

describe('the kernel for a guest', () => {
  test('is the newest cloud kernel that has the modules', (t) => {
    const root = scratchFolder(t)
    kernelFolder(root, '6.1.0-9-cloud-amd64', MODULES)
    kernelFolder(root, '6.1.0-56-cloud-amd64', MODULES)
    kernelFolder(root, '6.12.0-1-amd64', { ...MODULES, 'ahci.ko': '' })
    withKernelRoot(t, root)
    assert.deepEqual(
      kernelsIn(root)
        .toSorted(byPreference)
        .map(({ version }) => version),
      ['6.1.0-56-cloud-amd64', '6.1.0-9-cloud-amd64', '6.12.0-1-amd64'],
    )
    assert.equal(findKernel(['virtio_net']).kernel.version, '6.1.0-56-cloud-amd64')
    assert.equal(findKernel(['ahci']).kernel.version, '6.12.0-1-amd64')
    assert.throws(() => findKernel(['xfs']), /has no xfs; .*plugpull guest --fetch-kernel/)
  })

  test('that is nowhere is an error with the way out', (t) => {
    withKernelRoot(t, scratchFolder(t))
    assert.throws(() => findKernel(['ahci']), /there is no kernel .*plugpull guest --fetch-kernel --bus ahci/)
  })
})
