/** Images as qemu-img sees them: every format, and chains of snapshots. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, describe, it } from 'node:test'
import { findProgram, runTool } from '../../src/io/process.ts'
import { IMAGES, checkChain, createImage } from '../../src/rig/image.ts'
import { IMAGE_NAMES, type ImageName } from '../../src/rig/rig.ts'

const SIZE_BYTES = 8 * 2 ** 20

interface Layer {
  readonly filename: string
  readonly format: string
  readonly 'cluster-size'?: number
  readonly 'virtual-size': number
  readonly 'format-specific'?: { readonly data: { readonly 'extended-l2'?: boolean } }
}

/** Makes the image, and returns its layers, the top first. */
async function layersOf(t: TestContext, image: ImageName, chainLength?: number): Promise<readonly Layer[] | undefined> {
  if (findProgram('qemu-img') === undefined) {
    t.skip('SKIPPED: the program qemu-img is not installed')
    return undefined
  }
  const directory = mkdtempSync(join(tmpdir(), 'pp-image-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const { path, kind } = await createImage({
    directory,
    image,
    cache: 'none',
    cut: 'sigkill',
    sizeBytes: SIZE_BYTES,
    seed: '0'.repeat(16),
    ...(chainLength === undefined ? {} : { chainLength }),
  })
  const { stdout } = await runTool('qemu-img', ['info', '-f', kind.format, '--backing-chain', '--output=json', path])
  if (kind.base !== undefined) {
    const flat = join(directory, 'flat')
    await runTool('qemu-img', ['convert', '-O', 'raw', path, flat])
    assert.equal(readFileSync(flat).subarray(512, 530).toString(), 'old data, sector 1', 'the old data shows through')
  }
  const layers: readonly Layer[] = JSON.parse(stdout)
  return layers
}

describe('images', () => {
  for (const name of IMAGE_NAMES) {
    it(`${name} is what it is called`, async (t) => {
      const layers = await layersOf(t, name)
      if (layers === undefined) return
      const kind = IMAGES[name]
      const [top, base, ...more] = layers
      assert.deepEqual(
        [
          top?.format,
          top?.['cluster-size'],
          top?.['virtual-size'],
          top?.['format-specific']?.data['extended-l2'] ?? false,
        ],
        [kind.format, kind.defaultClusterBytes, SIZE_BYTES, kind.extendedL2],
      )
      assert.equal(base?.format, kind.base === 'qcow2-extl2' ? 'qcow2' : kind.base)
      assert.equal(base?.['format-specific']?.data['extended-l2'] ?? false, kind.base === 'qcow2-extl2')
      assert.deepEqual(more, [])
    })
  }

  it('are chains of as many backing files as asked for', async (t) => {
    const layers = await layersOf(t, 'qcow2-overlay', 4)
    if (layers === undefined) return
    assert.deepEqual(
      layers.map(({ filename, format }) => [basename(filename), format]),
      [
        ['disk.qcow2', 'qcow2'],
        ['snapshot-4.qcow2', 'qcow2'],
        ['snapshot-3.qcow2', 'qcow2'],
        ['snapshot-2.qcow2', 'qcow2'],
        ['backing.raw', 'raw'],
      ],
    )
  })

  it('have no chain where they are no overlay', () => {
    checkChain(IMAGES['qcow2-overlay'], 3)
    checkChain(IMAGES.raw, 1)
    assert.throws(() => checkChain(IMAGES.qcow2, 3), /--backing-chain goes with an overlay, not with --image qcow2/)
  })
})
