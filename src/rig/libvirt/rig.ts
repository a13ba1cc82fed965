/**
 * Rig `libvirt`: a guest of ours as a transient domain, its disk's cache mode set as users of libvirt set it; or, with `--domain`, a
 * domain that is there already. The cut goes to the domain's QEMU by its process id; `virsh destroy` is offered to show what it hides.
 */
import { arch } from 'node:os'
import type { RawOptions } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { requireAll } from '../../io/requirements.ts'
import { versionsOf } from '../daemon-machine.ts'
import { diskName } from '../guest/disk-name.ts'
import { type GuestDisk, makeGuestDisk } from '../guest/guest-disk.ts'
import { type GuestImage, guestImage } from '../guest/guest-image.ts'
import { GUEST_FILE } from '../guest/job.ts'
import { acceleratorFor } from '../qemu/accel.ts'
import type { Accelerator } from '../qemu/arguments.ts'
import { imageBytes, jobOf, labelsOf } from '../qemu/rig.ts'
import { caveatOf, contractTold } from '../qemu/told.ts'
import { CACHE_MODES, IMAGE_NAMES, type Machine, type RigKind, type RigSetup } from '../rig.ts'
import { UNSAFE_UNDER_HOST_POWER, withDefault } from '../storage-daemon.ts'
import { GuestDomain } from './guest-machine.ts'
import { LIBVIRT_OPTIONS, type LibvirtRigOptions, parseLibvirtOptions } from './options.ts'
import { OwnDomain } from './own-domain.ts'
import { Virsh, isPersistent, isUnknownDomain, plainError } from './virsh.ts'

const GUEST_REQUIREMENTS = ['virsh', 'qemu-system-x86_64', 'qemu-img'] as const
const HOST_POWER_REQUIREMENTS = ['nbdkit', 'nbdfuse', 'fuse'] as const

function require(raw: RawOptions = {}): void {
  const { domain, connect } = parseLibvirtOptions(raw)
  requireAll('rig libvirt', domain === undefined ? GUEST_REQUIREMENTS : ['virsh'])
  if (domain === undefined && arch() !== 'x64')
    throw new ProbeError(
      'RIG_UNAVAILABLE',
      `rig libvirt without --domain needs an x86-64 host, whose Node the guest runs; this is ${arch()}`,
    )
  const virsh = new Virsh(connect)
  if (domain === undefined && virsh.isRemote) throw guestElsewhere(virsh)
}

const guestElsewhere = (virsh: Virsh): ProbeError =>
  new ProbeError(
    'BAD_OPTION',
    `--connect ${virsh.uri}: a guest of ours needs its image on this host; name a domain of that host with --domain`,
  )

async function prepare(setup: RigSetup): Promise<Machine> {
  const asked = parseLibvirtOptions(setup.options)
  const virsh = new Virsh(asked.connect)
  if (asked.domain !== undefined) return ownDomain(setup, virsh, asked.domain)
  if (virsh.isRemote) throw guestElsewhere(virsh)
  return guestDomain(setup, virsh, asked)
}

async function ownDomain({ cut }: RigSetup, virsh: Virsh, domain: string): Promise<Machine> {
  if (cut === 'host-power')
    throw new ProbeError(
      'BAD_OPTION',
      '--cut host-power does not go with --domain: the disks of a domain that is there already lie on the real host; take sigkill',
    )
  if (virsh.isRemote && cut !== 'virsh-destroy')
    throw new ProbeError(
      'BAD_OPTION',
      `--cut ${cut}: the QEMU of ${domain} runs on another host (${virsh.uri}), where no process can be killed from here; run this on that host, use the kill-loop playbook (deploy/ansible), or take --cut virsh-destroy, which proves nothing about qcow2`,
    )
  const { code, stdout, stderr } = await virsh.attempt('domuuid', '--domain', domain)
  if (code !== 0) throw await noSuchDomain(virsh, domain, stderr)
  await refuseTransient(virsh, domain)
  return new OwnDomain(virsh, { name: domain, uuid: stdout.trim() }, await ownLabels(virsh, domain))
}

async function noSuchDomain(virsh: Virsh, domain: string, stderr: string): Promise<ProbeError> {
  if (!isUnknownDomain(stderr)) return new ProbeError('RIG_FAILED', `virsh domuuid ${domain}: ${plainError(stderr)}`)
  const names = (await virsh.run('list', '--all', '--name')).split('\n').filter((name) => name !== '')
  const there = names.length === 0 ? 'it has none at all' : `it has ${names.join(', ')}`
  return new ProbeError(
    'BAD_OPTION',
    `--domain got ${JSON.stringify(domain)}; libvirt at ${virsh.uri} has no such domain: ${there}`,
  )
}

/** A transient domain is gone for good once its power is cut: libvirt keeps nothing to switch on again. */
async function refuseTransient(virsh: Virsh, domain: string): Promise<void> {
  if (isPersistent(await virsh.run('dominfo', '--domain', domain))) return
  throw new ProbeError(
    'BAD_OPTION',
    `--domain ${domain}: this domain is transient, so a cut would destroy it for good; make it persistent first: virsh dumpxml ${domain} >${domain}.xml && virsh define ${domain}.xml`,
  )
}

/** What its disks really are, whatever the loop's `--image` and `--cache` say. */
async function ownLabels(virsh: Virsh, domain: string): Promise<Record<string, string>> {
  const xml = await virsh.run('dumpxml', '--domain', domain)
  const disks = [...xml.matchAll(/<disk [^>]*device='disk'[\s\S]*?<\/disk>/g)].map(([disk]) => {
    const value = (name: string, of: string): string | undefined =>
      new RegExp(`<${of} [^>]*${name}='([^']*)'`).exec(disk)?.[1]
    return `${value('dev', 'target')} ${value('bus', 'target')} ${value('type', 'driver')} cache=${value('cache', 'driver') ?? 'default'}`
  })
  return { libvirt: await libvirtVersion(virsh), domain, disks: disks.join('; ') }
}

/** `9.0.0`, and the hypervisor behind it. */
async function libvirtVersion(virsh: Virsh): Promise<string> {
  const text = await virsh.run('version')
  const [, library = ''] = /Using library: (.*)/.exec(text) ?? []
  const [, hypervisor = ''] = /Running hypervisor: (.*)/.exec(text) ?? []
  return `${library}, ${hypervisor}`
}

async function guestDomain(setup: RigSetup, virsh: Virsh, asked: LibvirtRigOptions): Promise<Machine> {
  const hostDies = setup.cut === 'host-power'
  if (hostDies) requireAll('--cut host-power', HOST_POWER_REQUIREMENTS)
  const guest = await guestImage(asked.bus)
  const accelerator = await acceleratorFor(asked.acceleration, { image: guest, bus: asked.bus }, setup)
  const versions = {
    ...(await versionsOf(['qemu-system-x86_64', ...(hostDies ? ['nbdkit', 'nbdfuse'] : [])])),
    libvirt: await libvirtVersion(virsh),
  }
  const securityModels = modelsOf(await virsh.run('capabilities'))
  const made: Making = { setup, virsh, asked, guest, accelerator, versions, securityModels }
  return machineOf(made, await makeGuestDisk(setup, imageBytes(setup, asked)))
}

/** The host's security drivers; `none` where nothing confines QEMU. */
const modelsOf = (capabilities: string): readonly string[] =>
  [...capabilities.matchAll(/<secmodel>\s*<model>(\w+)<\/model>/g)].map(([, model = '']) => model)

/** Everything but the image. */
interface Making {
  readonly setup: RigSetup
  readonly virsh: Virsh
  readonly asked: LibvirtRigOptions
  readonly guest: GuestImage
  readonly accelerator: Accelerator
  readonly versions: Readonly<Record<string, string>>
  readonly securityModels: readonly string[]
}

function machineOf(made: Making, { image, hostDisk }: GuestDisk): GuestDomain {
  const { setup, virsh, asked, guest, accelerator, securityModels } = made
  const { format } = image.kind
  const onDisk = asked.fileSystem === undefined
  const caveat = caveatOf(asked)
  return new GuestDomain({
    directory: setup.directory,
    ...(setup.scratch === undefined ? {} : { scratch: setup.scratch }),
    virsh,
    cut: setup.cut,
    options: {
      accelerator,
      memoryBytes: asked.memoryBytes,
      kernel: guest.kernel,
      initramfs: guest.initramfs,
      disk: { path: hostDisk?.path ?? image.path, format, cache: setup.cache, bus: asked.bus },
      securityModels,
      user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    },
    job: jobOf(setup, asked),
    target: onDisk ? diskName(asked.bus) : GUEST_FILE,
    hostCanVerify: onDisk,
    survivor: {
      contract: contractTold(asked, setup.cache),
      survivor: image.path,
      survivorFormat: format,
    },
    labels: labelsOf(made, image),
    ...(caveat === undefined ? {} : { caveat }),
    ...(hostDisk === undefined ? {} : { hostDisk }),
  })
}

export const libvirtRig: RigKind = {
  name: 'libvirt',
  summary: 'a guest of ours as a transient domain, or with --domain one of yours',
  cuts: ['sigkill', 'virsh-destroy', 'guest-reset', 'host-power'],
  images: withDefault('qcow2', IMAGE_NAMES),
  caches: CACHE_MODES,
  faults: [],
  defaultSizeBytes: 64 * 2 ** 20,
  positiveControl: UNSAFE_UNDER_HOST_POWER,
  options: LIBVIRT_OPTIONS,
  foreign: ({ domain }) => domain !== undefined,
  bootsGuest: ({ domain }) => domain === undefined,
  single: ({ domain }) => (domain === undefined ? undefined : '--domain names one machine'),
  check: (options) => void parseLibvirtOptions(options),
  require,
  prepare,
}
