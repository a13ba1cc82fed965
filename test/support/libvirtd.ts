/**
 * A libvirtd of the test's own: started by it, gone with all its domains after it, beside any other on this machine.
 *
 * libvirtd run by root has fixed folders (/run/libvirt, /var/lib/libvirt, …), and no option moves them. So it gets a mount
 * namespace of its own in which a folder of ours lies over each. Its socket is in that folder too, at a path of our choosing, so virsh needs
 * no namespace: `qemu+unix:///system?socket=PATH`. Processes stay in this host's namespace, so process ids are what they seem.
 * No systemd, cgroups, D-Bus, virtlogd, network or AppArmor is needed; QEMU runs as root, without KVM unless a domain asks for it.
 *
 * Mounts made later do not reach that namespace where the root mount is private, as in a container. `place` is a folder whose mounts do:
 * a machine under host-power has its image on one.
 *
 * Killed tests: libvirtd and every domain with `environment` in it are marked with the scratch folder, and the next
 * `createScratch` of anybody ends them.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { TestContext } from 'node:test'
import { monotonicMs, sleepMs } from '../../src/io/clock.ts'
import { SCRATCH_VARIABLE, findProgram, runTool, startProcess } from '../../src/io/process.ts'
import { createScratch } from '../../src/io/scratch.ts'
import { readKernelFile } from '../../src/io/target.ts'
import { signalTo, untilGone } from '../../src/rig/power.ts'

const START_LIMIT_MS = 30_000
const POLL_MS = 20
const PROGRAMS = ['libvirtd', 'virsh', 'unshare', 'mount', 'qemu-system-x86_64'] as const

export interface Libvirtd {
  /** For `virsh --connect` and `--connect` of the rig. */
  readonly uri: string
  /** Where libvirt keeps the process ids of domains: `NAME.pid`. */
  readonly pidFolder: string
  /** A folder for the test's files; mounts below it are seen by libvirtd. */
  readonly place: string
  /** For `<qemu:env>` in domains of the test, so that they cannot outlive it. */
  readonly environment: { readonly name: string; readonly value: string }
  /** Standard output of virsh; throws with what it said where it fails. */
  virsh(...command: readonly string[]): Promise<string>
  /** Kills its domains, then itself. Safe to call twice. */
  stop(): Promise<void>
}

/** The test's libvirtd, stopped after it; `undefined`, with the test skipped, where there cannot be one. */
export async function libvirtdFor(t: TestContext): Promise<Libvirtd | undefined> {
  const lacking = PROGRAMS.filter((program) => findProgram(program) === undefined)
  if (lacking.length > 0 || process.getuid?.() !== 0) {
    const why = lacking.length > 0 ? `not installed: ${lacking.join(', ')}` : 'not root'
    t.skip(`SKIPPED: no private libvirtd can be started here: ${why}`)
    return undefined
  }
  const libvirtd = await startLibvirtd()
  t.after(() => libvirtd.stop())
  return libvirtd
}

/** Starts one; throws with its last words where it does not answer in time. */
export async function startLibvirtd(): Promise<Libvirtd> {
  const scratch = createScratch('libvirtd')
  const folder = (name: string): string => join(scratch.path, name)
  for (const name of [...FOLDERS.keys(), 'sock', 'place']) mkdirSync(folder(name))
  writeFileSync(folder('etc/qemu.conf'), QEMU_CONF)
  writeFileSync(folder('etc/libvirtd.conf'), libvirtdConf(folder('sock')))
  for (const [path, line] of ACCOUNTS)
    writeFileSync(folder(basename(path)), withAccount(readFileSync(path, 'utf8'), line))
  // Shared with the namespace to come, whatever the root mount is.
  await runTool('mount', ['--bind', folder('place'), folder('place')])
  await runTool('mount', ['--make-shared', folder('place')])
  const args = ['--mount', '--propagation', 'slave', 'sh', '-ec', START, 'sh', scratch.path]
  const daemon = startProcess('unshare', args, { scratch })
  const uri = `qemu+unix:///system?socket=${folder('sock/libvirt-sock')}`
  const virsh = async (...command: readonly string[]): Promise<string> =>
    (await runTool('virsh', ['--quiet', '--connect', uri, ...command])).stdout.trim()
  const pidFolder = folder('run/qemu')
  const stop = async (): Promise<void> => {
    await killDomains(pidFolder)
    await daemon.stop()
    scratch.remove()
  }
  const until = monotonicMs() + START_LIMIT_MS
  while (!existsSync(folder('sock/libvirt-sock')) || (await virsh('list').catch(() => undefined)) === undefined) {
    if (daemon.running && monotonicMs() < until) {
      await sleepMs(POLL_MS)
      continue
    }
    const words = daemon.errorTail()
    await stop()
    throw new Error(`the private libvirtd did not come up: ${words}`)
  }
  const environment = { name: SCRATCH_VARIABLE, value: scratch.path }
  return { uri, pidFolder, place: folder('place'), environment, virsh, stop }
}

/** Our folders, and what each lies over. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ['run', '/run/libvirt'],
  ['lib', '/var/lib/libvirt'],
  ['etc', '/etc/libvirt'],
  ['cache', '/var/cache/libvirt'],
  ['log', '/var/log/libvirt'],
])

/**
 * libvirtd looks up the account that Debian runs QEMU under before it reads that it is not to; libvirt-daemon-system makes it, and
 * nothing else of that package is needed. So the account is there in the namespace, whether or not it is on the machine.
 */
const ACCOUNTS: ReadonlyMap<string, string> = new Map([
  ['/etc/passwd', 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'],
  ['/etc/group', 'libvirt-qemu:x:64055:\nkvm:x:64056:'],
])

/** The accounts of `lines` that the file lacks, added to it. */
function withAccount(file: string, lines: string): string {
  const lacking = lines.split('\n').filter((line) => !file.includes(`${line.slice(0, line.indexOf(':'))}:`))
  return `${file.trimEnd()}\n${lacking.map((line) => `${line}\n`).join('')}`
}

/**
 * In the new namespace: nothing of it is seen outside, and it ends with its last process. Only where a folder is not there at all,
 * as with libvirt-daemon alone, it is made for good: a mount needs a place.
 */
const START = `
mount -t tmpfs tmpfs /run
mkdir -p ${[...FOLDERS.values()].join(' ')}
${[...FOLDERS].map(([name, path]) => `mount --bind "$1/${name}" ${path}`).join('\n')}
${[...ACCOUNTS.keys()].map((path) => `mount --bind "$1/${basename(path)}" ${path}`).join('\n')}
exec libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$1/sock/libvirtd.pid"
`

const QEMU_CONF = `
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`

const libvirtdConf = (socketFolder: string): string => `
unix_sock_dir = "${socketFolder}"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:stderr"
`

/** By the process ids that libvirt noted: only this libvirtd's are in its folder. */
async function killDomains(pidFolder: string): Promise<void> {
  const pids = (existsSync(pidFolder) ? readdirSync(pidFolder) : [])
    .filter((name) => name.endsWith('.pid') && name !== 'driver.pid')
    .map((name) => Number(readFileSync(join(pidFolder, name), 'utf8')))
    .filter((pid) => pid > 1 && (readKernelFile(`/proc/${pid}/cmdline`) ?? '').includes('guest='))
  for (const pid of pids) signalTo(pid, 'SIGKILL')
  await untilGone(pids.map((pid) => ({ what: 'QEMU', pid })))
}
