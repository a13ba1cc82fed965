/**
 * libvirt through `virsh`, one command at a time, and what its refusals mean for people. A domain that has to end with us is
 * held by a virsh of its own: held-domain.ts.
 */
import { ProbeError } from '../../core/errors.ts'
import { type ToolResult, runTool, runToolSync } from '../../io/process.ts'

const LIMIT_MS = 30_000
/** Longest that `virsh destroy` may take: libvirt waits some 10 s for SIGTERM to work, then as long again for SIGKILL. */
const DESTROY_LIMIT_MS = 60_000

/** Arguments that name the connection; without a URI it is virsh's own default (LIBVIRT_DEFAULT_URI, or by user). */
const connectArguments = (uri: string | undefined): readonly string[] =>
  uri === undefined ? ['--quiet'] : ['--quiet', '--connect', uri]

/** A libvirt that answers. */
export class Virsh {
  /** As libvirt itself names the connection. */
  readonly uri: string
  readonly #connect: readonly string[]

  /** Connects, blocking; throws RIG_UNAVAILABLE or BAD_OPTION with the way out. */
  constructor(uri: string | undefined) {
    this.#connect = connectArguments(uri)
    const { code, stdout, stderr } = runToolSync('virsh', [...this.#connect, 'uri'], {
      limitMs: LIMIT_MS,
      accept: [0, 1],
    })
    if (code !== 0) throw connectionError(uri, stderr)
    this.uri = stdout.trim()
    if (!/^qemu(\+\w+)?:\/\//.test(this.uri))
      throw new ProbeError(
        'BAD_OPTION',
        `--connect: libvirt's driver at ${this.uri} is not QEMU; --rig libvirt takes qemu:///system, qemu:///session or qemu+ssh://HOST/system`,
      )
  }

  /** Whether its domains run on another host, where no process of theirs can be reached from here. */
  get isRemote(): boolean {
    return isRemoteUri(this.uri)
  }

  /** Runs one command of virsh; throws RIG_FAILED with what libvirt said. */
  async run(...command: readonly string[]): Promise<string> {
    const { code, stderr, stdout } = await this.attempt(...command)
    if (code === 0) return stdout.trim()
    throw new ProbeError('RIG_FAILED', `virsh ${command.join(' ')}: ${plainError(stderr)}`)
  }

  /** The same, for those whose refusal is an answer. */
  attempt(...command: readonly string[]): Promise<ToolResult> {
    const limitMs = command[0] === 'destroy' ? DESTROY_LIMIT_MS : LIMIT_MS
    return runTool('virsh', [...this.#connect, ...command], { limitMs, accept: [0, 1] })
  }

  /** `running`, `shut off`, …; `gone` where there is no such domain. */
  async state(domain: string): Promise<string> {
    const { code, stdout, stderr } = await this.attempt('domstate', '--domain', domain)
    if (code === 0) return stdout.trim()
    if (isUnknownDomain(stderr)) return 'gone'
    throw new ProbeError('RIG_FAILED', `virsh domstate ${domain}: ${plainError(stderr)}`)
  }
}

/** Whether a URI names a host, as `qemu+ssh://host/system` does. */
export function isRemoteUri(uri: string): boolean {
  const [, transport, host = ''] = /^\w+(?:\+(\w+))?:\/\/([^/?]*)/.exec(uri) ?? []
  return transport !== 'unix' && host !== ''
}

/** By what `virsh dominfo` says. */
export const isPersistent = (dominfo: string): boolean => /^Persistent:\s+yes\s*$/m.test(dominfo)

export const isUnknownDomain = (stderr: string): boolean => /failed to get domain|Domain not found/i.test(stderr)

/** What virsh said in one line, without its prefix. */
export const plainError = (stderr: string): string =>
  stderr
    .split('\n')
    .map((line) => line.replace(/^error:\s*/, '').trim())
    .filter((line) => line !== '')
    .join(': ') || 'it gave no reason'

function connectionError(uri: string | undefined, stderr: string): ProbeError {
  const said = plainError(stderr)
  const where = uri ?? 'its default URI'
  if (/no connection driver|unable to parse|malformed|unsupported|unexpected URI/i.test(said))
    return new ProbeError('BAD_OPTION', `--connect: virsh cannot use ${where}: ${said}; it takes qemu:///system, say`)
  return new ProbeError('RIG_UNAVAILABLE', `libvirt at ${where} cannot be used: ${said}. ${wayOut(uri, said)}`)
}

function wayOut(uri: string | undefined, said: string): string {
  if (uri !== undefined && isRemoteUri(uri))
    return `See that \`virsh --connect ${uri} list\` works without asking for anything (ssh key, libvirt group on that host)`
  if (/permission denied|authentication|polkit|access denied/i.test(said))
    return 'Run as root, or add this user to the group libvirt (`sudo usermod -aG libvirt $USER`, then log in again), or use --connect qemu:///session'
  return 'Start it (`sudo systemctl start libvirtd`, or `virtqemud`; on Debian: apt-get install -y libvirt-daemon-system), or name another with --connect'
}
