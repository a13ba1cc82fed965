/**
 * The QEMU process of a domain, known by what libvirt puts on its command line: the name and the UUID, both. A process id from a
 * file may be used again; the command line of a running process is its own.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { ProbeError, errnoOf } from '../../core/errors.ts'

export interface DomainIdentity {
  readonly name: string
  readonly uuid: string
}

/** Whether process `pid` is the QEMU of that domain. */
export function isQemuOf(pid: number, domain: DomainIdentity): boolean {
  return isQemuCommandLine(commandLineOf(pid), domain)
}

/** Empty where the process is gone, or hidden from us. */
function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

/** A program named like QEMU, with libvirt's `-name guest=NAME,…` (commas doubled) and `-uuid UUID`. */
export function isQemuCommandLine(line: readonly string[], { name, uuid }: DomainIdentity): boolean {
  if (!/qemu|kvm/i.test(basename(line[0] ?? ''))) return false
  const after = (flag: string): string | undefined => line[line.indexOf(flag, 1) + 1]
  if (!line.includes('-name', 1) || !line.includes('-uuid', 1)) return false
  const guest = `guest=${name.replaceAll(',', ',,')}`
  const named = after('-name') ?? ''
  return after('-uuid') === uuid && (named === guest || named.startsWith(`${guest},debug-threads`))
}

/** The QEMU of a running domain. Throws RIG_FAILED where this host has none that can be seen, or more than one. */
export function qemuOf(domain: DomainIdentity): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isQemuOf(pid, domain))
  const [pid] = found
  if (pid !== undefined && found.length === 1) return pid
  throw new ProbeError(
    'RIG_FAILED',
    found.length === 0
      ? `no QEMU of domain ${domain.name} (${domain.uuid}) is to be seen in /proc; it is not running, or runs in another container or on another host`
      : `${found.length} processes say that they are the QEMU of domain ${domain.name}: ${found.join(', ')}`,
  )
}
