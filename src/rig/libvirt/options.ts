/** The options of rig `libvirt`: where libvirt is, a domain of the user's, and for a guest of ours those of rig qemu. */
import { type OptionSpec, type RawOptions, optionKey } from '../../core/agent-options.ts'
import { ProbeError } from '../../core/errors.ts'
import { QCOW2_OPTIONS } from '../node-options.ts'
import { QEMU_OPTIONS, type QemuRigOptions, parseQemuOptions } from '../qemu/options.ts'
import type { LibvirtBus } from './domain-xml.ts'

/** Those of a guest of ours; how QEMU's qcow2 driver is tuned is libvirt's business here. */
const GUEST_OPTIONS = QEMU_OPTIONS.filter((spec) => !QCOW2_OPTIONS.includes(spec))

export const LIBVIRT_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--connect <uri>',
    description: "libvirt to talk to, as in qemu:///system or qemu+ssh://host/system (default: virsh's own)",
  },
  {
    flags: '--domain <name>',
    description:
      'cut this domain, whose agent starts at power-on and verifies first (deploy/systemd), instead of a guest of ours',
  },
  ...GUEST_OPTIONS,
]

export interface LibvirtRigOptions extends Omit<QemuRigOptions, 'bus'> {
  readonly connect?: string
  readonly domain?: string
  readonly bus: LibvirtBus
}

/** Throws BAD_OPTION. */
export function parseLibvirtOptions(raw: RawOptions = {}): LibvirtRigOptions {
  const { bus, ...guest } = parseQemuOptions(raw)
  if (bus === 'nvme')
    throw new ProbeError('BAD_OPTION', '--bus nvme: libvirt has no emulated NVMe disk before 11.5; --rig qemu has one')
  const { connect, domain } = raw
  if (typeof domain === 'string') refuseGuestOptions(raw)
  return {
    ...guest,
    bus,
    ...(typeof connect === 'string' ? { connect } : {}),
    ...(typeof domain === 'string' ? { domain } : {}),
  }
}

/** What a guest of ours is made of says nothing about a domain that is there already. */
function refuseGuestOptions(raw: RawOptions): void {
  const given = GUEST_OPTIONS.find(({ flags }) => raw[optionKey(flags)] !== undefined)
  if (given !== undefined)
    throw new ProbeError(
      'BAD_OPTION',
      `${given.flags.split(' ')[0]} does not go with --domain: the domain's own XML says what it has`,
    )
}
