/**
 * The domain of a guest of ours as libvirt's XML, as a pure function. The cache mode is libvirt's own attribute, so what is measured is
 * what a user's domain with `cache='none'` gets, not what an argument of QEMU gives. deploy/libvirt/domain.xml is its like for
 * users.
 */
import type { CacheMode } from '../rig.ts'
import { type Bus, KERNEL_ARGUMENTS } from '../guest/guest-image.ts'
import { type GuestFile, JOB_NAME, fileName } from '../guest/job.ts'
import type { DomainIdentity } from './qemu-process.ts'

/** The buses that libvirt gives an emulated disk. NVMe is not among them before libvirt 11.5; rig qemu has it. */
export type LibvirtBus = Exclude<Bus, 'nvme'>

export interface DomainOptions extends DomainIdentity {
  readonly accelerator: 'kvm' | 'tcg'
  readonly memoryBytes: number
  readonly kernel: string
  readonly initramfs: string
  readonly jobPath: string
  /** Files beside the job, by their absolute paths. */
  readonly files?: readonly GuestFile[]
  readonly consolePath: string
  readonly disk: {
    readonly path: string
    readonly format: 'raw' | 'qcow2'
    readonly cache: CacheMode
    readonly bus: LibvirtBus
  }
  /** What a restart of the guest does: `destroy` ends QEMU, so that a guest that panics is seen. */
  readonly onReboot: 'destroy' | 'restart'
  /** Security drivers of that libvirt, as `virsh capabilities` names them. */
  readonly securityModels: readonly string[]
  /** Who QEMU runs as where libvirt can choose: us, so that it reaches our files and we may kill it. */
  readonly user: { readonly uid: number; readonly gid: number }
  /** Marks QEMU as ours (io/scratch): a later command kills it should libvirt not have. */
  readonly environment: Readonly<Record<string, string>>
}

const BUS_NAMES: Readonly<Record<LibvirtBus, { readonly bus: string; readonly device: string }>> = {
  'virtio-blk': { bus: 'virtio', device: 'vda' },
  'virtio-scsi': { bus: 'scsi', device: 'sda' },
  ahci: { bus: 'sata', device: 'sda' },
}

/** The whole document. */
export function domainXml(options: DomainOptions): string {
  const { accelerator, memoryBytes, onReboot } = options
  return `<domain type='${accelerator === 'kvm' ? 'kvm' : 'qemu'}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${escaped(options.name)}</name>
  <uuid>${escaped(options.uuid)}</uuid>
  <memory unit='KiB'>${Math.ceil(memoryBytes / 1024)}</memory>
  <vcpu>1</vcpu>
  <sysinfo type='fwcfg'>
    <entry name='${JOB_NAME}' file='${escaped(options.jobPath)}'/>
${(options.files ?? []).map((file) => `    <entry name='${fileName(file)}' file='${escaped(file.path)}'/>\n`).join('')}  </sysinfo>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${escaped(options.kernel)}</kernel>
    <initrd>${escaped(options.initramfs)}</initrd>
    <cmdline>${KERNEL_ARGUMENTS}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='${accelerator === 'kvm' ? 'host-passthrough' : 'maximum'}'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>${onReboot}</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
${diskXml(options.disk)}
    <controller type='usb' model='none'/>
    <interface type='user'><model type='virtio'/><rom enabled='no'/></interface>
    <serial type='file'><source path='${escaped(options.consolePath)}'/></serial>
    <memballoon model='none'/>
  </devices>
${labelsXml(options)}  <qemu:commandline>
${Object.entries(options.environment)
  .map(([name, value]) => `    <qemu:env name='${name}' value='${escaped(value)}'/>\n`)
  .join('')}  </qemu:commandline>
</domain>
`
}

function diskXml({ path, format, cache, bus: asked }: DomainOptions['disk']): string {
  const { bus, device } = BUS_NAMES[asked]
  const controller = bus === 'scsi' ? "    <controller type='scsi' model='virtio-scsi'/>\n" : ''
  return `${controller}    <disk type='file' device='disk'>
      <driver name='qemu' type='${format}' cache='${cache}'/>
      <source file='${escaped(path)}'/>
      <target dev='${device}' bus='${bus}'/>
      <serial>plugpull</serial>
    </disk>`
}

/** Our folder is closed to others, and nothing in it may be given to them: QEMU comes as us, and is not confined. */
const labelsXml = ({ securityModels, user }: DomainOptions): string =>
  securityModels
    .map((model) =>
      model === 'dac'
        ? `  <seclabel type='static' model='dac' relabel='no'><label>+${user.uid}:+${user.gid}</label></seclabel>\n`
        : model === 'apparmor' || model === 'selinux'
          ? `  <seclabel type='none' model='${model}'/>\n`
          : '',
    )
    .join('')

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
}

const escaped = (text: string): string => text.replaceAll(/[&<>'"]/g, (character) => ENTITIES[character] ?? '')
