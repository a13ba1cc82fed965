/** deploy/libvirt/domain.xml is a domain to libvirt, with every cache mode on every bus, and keeps what it was given. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CACHE_MODES } from '../../../src/rig/rig.ts'
import { libvirtdFor } from '../../support/libvirtd.ts'

const TEMPLATE = fileURLToPath(new URL('../../../../deploy/libvirt/domain.xml', import.meta.url))
const DEVICES = { virtio: 'vdb', scsi: 'sdb', sata: 'sdb' } as const

it('the template is a domain with every cache mode on every bus', { timeout: 120_000 }, async (t) => {
  const libvirtd = await libvirtdFor(t)
  if (libvirtd === undefined) return
  const template = readFileSync(TEMPLATE, 'utf8')
  const path = join(libvirtd.place, 'domain.xml')
  for (const [bus, device] of Object.entries(DEVICES)) {
    for (const cache of CACHE_MODES) {
      const name = `probe-${bus}-${cache}`
      const values: Readonly<Record<string, string>> = {
        NAME: name,
        TYPE: 'qemu',
        SYSTEM_IMAGE: '/nowhere/system.qcow2',
        TEST_IMAGE: '/nowhere/test.qcow2',
        FORMAT: 'qcow2',
        CACHE: cache,
        BUS: bus,
        DEVICE: device,
      }
      const body = template.slice(template.indexOf('<domain'))
      writeFileSync(
        path,
        body.replaceAll(/@([A-Z_]+)@/g, (_, word: string) => values[word] ?? assert.fail(word)),
      )
      await libvirtd.virsh('define', '--validate', path)
      const defined = await libvirtd.virsh('dumpxml', name)
      assert.match(defined, new RegExp(`cache='${cache}'/>\\s*<source file='/nowhere/test.qcow2'/>`))
      assert.match(defined, new RegExp(`<target dev='${device}' bus='${bus}'/>\\s*<serial>plugpull</serial>`))
    }
  }
})
