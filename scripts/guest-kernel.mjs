// The kernels that the rigs' guests boot, fetched from Debian where there is none yet and apt-get is there; into the user's cache, never
// into /boot. A failure is said and is no obstacle: what needs a guest then says what is missing. Needs the build.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/** A kernel for each of those buses. */
export async function guestKernels(buses) {
  if (!existsSync('/usr/bin/apt-get')) return
  const guest = join(root, 'dist', 'src', 'rig', 'guest')
  const [{ fetchKernel }, { findKernel, packageFor }, { modulesFor }] = await Promise.all(
    ['fetch-kernel.js', 'kernel.js', 'guest-image.js'].map((name) => import(join(guest, name))),
  )
  for (const bus of buses) {
    try {
      findKernel(modulesFor(bus))
    } catch {
      const name = packageFor(modulesFor(bus))
      process.stderr.write(`plugpull: fetching a kernel for guests, ${name} (apt-get download; once) …\n`)
      await fetchKernel(name).catch((error) => process.stderr.write(`plugpull: ${error.message}\n`))
    }
  }
}
