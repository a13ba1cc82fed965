/** The package as a user installs it (what of that is tried without a network: support/installed-package.ts). */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { InstalledPackage } from '../support/installed-package.ts'
import { scratchFolder, until } from '../support/plugpull-process.ts'
import { skippedWithout } from './loop-run.ts'

/** Path, size and time of every file: what was written since is told by any of them. */
const stateOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const { size, mtimeMs } = statSync(join(folder, path))
      return `${path} ${size} ${mtimeMs}`
    })
    .toSorted()

async function getText(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { accept: 'text/html' } })
  assert.equal(answer.status, 200, url)
  return answer.text()
}

const getJson = async (url: string): Promise<unknown> => JSON.parse(await getText(url))

test('the installed package', async (t) => {
  const installed = new InstalledPackage(scratchFolder(t))
  const before = stateOf(installed.home)

  await t.test('holds the program, its page, its guest and its documents, and nothing for development', () => {
    for (const path of [
      'bin/plugpull.mjs',
      'dist/src/cli.js',
      'dist/guest/plugpull.cjs',
      'dist/web/index.html',
      'deploy/guest/init',
      'docs/CLI.md',
      'README.md',
    ])
      assert.ok(installed.files.includes(path), path)
    const strange = installed.files.filter((path) =>
      /^(test|trust|bench|scripts|src|web)\/|^dist\/(test|trust|bench)\/|\.(ts|tsx|map|png)$/.test(path),
    )
    assert.deepEqual(strange, [])
    const there = readdirSync(join(installed.folder, 'node_modules'))
    for (const name of ['typescript', 'vite', 'preact', 'playwright-core']) assert.ok(!there.includes(name), name)
  })

  await t.test('collects and shows what its own loop finds, with nothing configured', async (part) => {
    const { url } = await startCollector(part, installed)
    const said = installed.run('loop', '--collector', url, '--rig', 'sim', '--cycles', '2', '--campaign', 'first')
    assert.match(said, new RegExp(`^ *look at ${url}/campaigns/first`, 'm'))
    const page = await getText(`${url}/campaigns/first`)
    const [, script] = /<script[^>]* src="([^"]+)"/.exec(page) ?? assert.fail(page)
    assert.ok((await getText(new URL(script ?? '', `${url}/`).href)).length > 1000, 'the page has its script')
    assert.equal(Object(await getJson(`${url}/v1/campaigns/first`)).summary.verified, 2)
    assert.ok(existsSync(join(installed.folder, 'plugpull.db')), 'the store is in the folder where it was started')
  })

  await t.test('cuts a real QCOW2 with the rig that is taken where none is named', async (part) => {
    if (skippedWithout(part, 'storage-daemon')) return
    const { url } = await startCollector(part, installed)
    const said = installed.run('loop', '--collector', url, '--cycles', '1', '--campaign', 'second')
    assert.match(said, /^1\/1 +held +sigkill/m)
    assert.match(said, new RegExp(`look at ${url}/campaigns/second`))
  })

  await t.test('builds the guest that the rigs boot outside of itself', (part) => {
    let guest: { readonly initramfs: string }
    try {
      guest = JSON.parse(installed.run('guest', '--json'))
    } catch (error) {
      assert.match(String(error), /RIG_UNAVAILABLE/)
      part.skip('this machine has no kernel or no busybox for a guest')
      return
    }
    assert.ok(statSync(guest.initramfs).size > 10_000_000)
    assert.ok(!guest.initramfs.startsWith(installed.folder), guest.initramfs)
  })

  await t.test('is as it was installed after all of that', () => {
    assert.deepEqual(stateOf(installed.home), before)
  })
})

/** A collector with its defaults, but for the port: the usual one may be somebody's. */
async function startCollector(
  t: Parameters<InstalledPackage['start']>[0],
  installed: InstalledPackage,
): Promise<{ readonly url: string }> {
  const portFile = join(installed.folder, `port-${process.hrtime.bigint()}`)
  const child = installed.start(t, 'collector', '--listen', '127.0.0.1:0', '--port-file', portFile)
  const port = await until('the installed collector to answer', () => {
    assert.equal(child.exitCode, null, `the collector ended: ${installed.log}`)
    return existsSync(portFile) ? readFileSync(portFile, 'utf8').trim() : undefined
  })
  return { url: `http://127.0.0.1:${port}` }
}
