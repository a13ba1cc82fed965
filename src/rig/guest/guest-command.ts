/** `plugpull guest`: builds the image that guests boot, says where its parts are, and fetches a kernel for it where asked to. */
import { statSync } from 'node:fs'
import { Command, Option } from 'commander'
import { EXIT } from '../../core/errors.ts'
import { formatBytes } from '../../core/size.ts'
import { exitStatusHelp } from '../../io/help.ts'
import { withInterrupt } from '../../io/interrupt.ts'
import { fetchKernel } from './fetch-kernel.ts'
import { BUSES, type Bus, KERNEL_ARGUMENTS, guestImage, modulesFor } from './guest-image.ts'
import { packageFor } from './kernel.ts'

const GUEST_SCHEMA = 'plugpull.guest/1'

const EXAMPLE = `
  plugpull guest --fetch-kernel
  plugpull guest --bus ahci --json`

interface GuestOptions {
  readonly bus: Bus
  readonly fetchKernel?: true
  readonly json?: true
}

/** The command for the CLI. */
export function guestCommand(): Command {
  return new Command('guest')
    .description('Builds the guest that the rigs boot (kernel, busybox, Node and this program), and says where it is')
    .addOption(new Option('--bus <name>', "bus of the guest's disk").choices(BUSES).default('virtio-blk'))
    .option('--fetch-kernel', "download Debian's newest kernel package and unpack it into the cache; installs nothing")
    .option('--json', `print the result as one JSON document (${GUEST_SCHEMA})`)
    .addHelpText(
      'after',
      exitStatusHelp(EXAMPLE, [EXIT.held, EXIT.usage, EXIT.unavailable, EXIT.internal, EXIT.io, EXIT.interrupted]),
    )
    .action((options: GuestOptions) => withInterrupt((signal) => guest(options, signal)))
}

async function guest(options: GuestOptions, signal: AbortSignal): Promise<void> {
  if (options.fetchKernel === true) await fetchKernel(packageFor(modulesFor(options.bus)), signal)
  const image = await guestImage(options.bus)
  const { size } = statSync(image.initramfs)
  if (options.json === true) {
    const document = { schema: GUEST_SCHEMA, bus: options.bus, ...image, arguments: KERNEL_ARGUMENTS }
    process.stdout.write(`${JSON.stringify(document)}\n`)
    return
  }
  process.stdout.write(
    `kernel     ${image.kernelVersion}  ${image.kernel}\ninitramfs  ${formatBytes(size)}  ${image.initramfs}\narguments  ${KERNEL_ARGUMENTS}\n`,
  )
}
