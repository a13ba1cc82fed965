// Debian packages that the rigs and the tests run. Installed where that is possible (Debian, root); else the exact line is printed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'

const LIMIT_MS = 600_000
const PATHS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** What each job runs: program → Debian package. */
const RIGS = {
  'qemu-storage-daemon': 'qemu-system-common',
  'qemu-img': 'qemu-utils',
  nbdkit: 'nbdkit',
  nbdfuse: 'libnbd-bin',
  fusermount3: 'fuse3',
  wipefs: 'util-linux',
  losetup: 'mount',
}
/** The server of the collector's second store, which tests and benches start themselves, as a user that is not root. */
const SERVERS = { initdb: 'postgresql', setpriv: 'util-linux' }
/** Guests, the libraries and orchestrators that cut them, and what their tests look through. */
const TESTS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  dmsetup: 'dmsetup',
  'mkfs.ext4': 'e2fsprogs',
  'mkfs.xfs': 'xfsprogs',
  libvirtd: 'libvirt-daemon',
  virsh: 'libvirt-clients',
  curl: 'curl',
  jq: 'jq',
  guestfish: 'libguestfs-tools',
  'ansible-playbook': 'ansible-core',
  'ansible-lint': 'ansible-lint',
  'systemd-analyze': 'systemd',
  shellcheck: 'shellcheck',
  ...SERVERS,
}
export const COMPILER = { python3: 'python3', make: 'make', 'g++': 'g++' }

/** The browser that the pages are tried, measured and pictured in. */
const BROWSER = { chromium: 'chromium' }
/** What makes pictures small. */
const PICTURES = { pngquant: 'pngquant' }

/** Peers that the benchmarks run beside plugpull. */
const PEERS = { fio: 'fio' }
/** What shows where the agent's time goes. */
const PROFILER = { perf: 'linux-perf', unshare: 'util-linux' }

export const PROGRAMS = {
  start: RIGS,
  test: { ...RIGS, ...TESTS, ...BROWSER },
  bench: { ...RIGS, ...PEERS, ...PROFILER, ...SERVERS, ...BROWSER, ...PICTURES },
}

/** Debian keeps the programs of a PostgreSQL server there, one folder a version. */
const POSTGRESQL = '/usr/lib/postgresql'

const isThere = (program) => [...PATHS, ...postgresqlPaths()].some((folder) => existsSync(`${folder}/${program}`))

const postgresqlPaths = () =>
  existsSync(POSTGRESQL) ? readdirSync(POSTGRESQL).map((version) => `${POSTGRESQL}/${version}/bin`) : []

/** Installs what `programs` lacks. Returns true when nothing is missing any more. */
export function systemPackages(programs) {
  const packages = missingPackages(programs)
  if (packages.length === 0) return true
  if (process.getuid?.() === 0 && isThere('apt-get')) aptInstall(packages)
  const left = missingPackages(programs)
  if (left.length === 0) return true
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  process.stderr.write(
    `\nplugpull: MISSING SYSTEM PACKAGES: ${left.join(' ')}\nplugpull: on Debian install them with\n\n    ${sudo}apt-get install -y --no-install-recommends ${left.join(' ')}\n\nplugpull: until then everything that needs them is skipped.\n\n`,
  )
  return false
}

function missingPackages(programs) {
  return [
    ...new Set(
      Object.entries(programs)
        .filter(([program]) => !isThere(program))
        .map(([, name]) => name),
    ),
  ]
}

function aptInstall(packages) {
  process.stderr.write(`plugpull: installing ${packages.join(' ')} (apt-get; once) …\n`)
  const install = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...packages]
  withoutCluster(packages, () => {
    if (apt(install)) return
    apt(['update'])
    apt(install)
  })
}

/** Debian makes and starts a database server of its own with the package, which nobody here asked for. */
function withoutCluster(packages, work) {
  const folder = '/etc/postgresql-common/createcluster.d'
  const file = `${folder}/plugpull.conf`
  if (!packages.includes(SERVERS.initdb) || existsSync('/etc/postgresql')) return work()
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, 'create_main_cluster = false\n')
  try {
    work()
  } finally {
    rmSync(file, { force: true })
  }
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const result = spawnSync('apt-get', args, {
    env,
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  })
  if (result.status !== 0)
    process.stderr.write(
      `plugpull: apt-get ${args.join(' ')} failed: ${(result.stderr ?? '').trim().split('\n').slice(-3).join(' / ')}\n`,
    )
  return result.status === 0
}
