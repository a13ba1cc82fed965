/**
 * Taking the power from a domain, and what really happened. `virsh destroy` is an orderly end for QEMU: libvirt sends SIGTERM, at which QEMU
 * writes its metadata back, and SIGKILL only some ten seconds later. The other cuts go to the process itself.
 */
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { isGone, killInOneGo, requireRightToKill } from '../power.ts'
import type { CutKind, CutRecord, Victim } from '../rig.ts'
import { type DomainIdentity, isQemuOf } from './qemu-process.ts'
import { type Virsh, plainError } from './virsh.ts'

/** libvirt 9 sends SIGKILL 10 s after SIGTERM: a domain that was gone sooner died of SIGTERM. */
const SIGTERM_ALONE_MS = 9_000
const NOTICE_LIMIT_MS = 15_000
const POLL_MS = 20

export const NOTE_SIGKILL = "QEMU's memory is lost, the host's page cache survives"
const NOTE_DESTROY =
  'virsh destroy is an orderly end: libvirt sends SIGTERM first and QEMU writes its metadata back, so this proves nothing about qcow2'
const NOTE_RESET = `guest reset by libvirt, then SIGKILL at once: ${NOTE_SIGKILL}`

/** A running domain of this host. */
export interface LiveDomain extends DomainIdentity {
  readonly pid: number
}

const qemuVictim = ({ name, pid }: LiveDomain): Victim => ({ what: `QEMU of domain ${name}`, pid })

/** SIGKILL to what the domain stands on, to its QEMU, and to the rest, in this order. Refuses a process that is not the domain's. */
export async function killDomain(
  kind: CutKind,
  domain: LiveDomain,
  around: { readonly below: readonly Victim[]; readonly above: readonly Victim[] },
  note: string,
): Promise<CutRecord> {
  if (!isQemuOf(domain.pid, domain))
    return notCut(kind, domain, `process ${domain.pid} is not the domain's QEMU any more`)
  const [first, ...rest] = [...around.below, qemuVictim(domain), ...around.above]
  return killInOneGo(kind, [first ?? qemuVictim(domain), ...rest], note)
}

/** A reset of the guest's machine, then SIGKILL before the firmware has gone far. */
export async function resetThenKill(kind: CutKind, virsh: Virsh, domain: LiveDomain): Promise<CutRecord> {
  requireRightToKill([domain])
  // Where the domain ends on a restart, libvirt would end it in good order: this asks it not to.
  await virsh.attempt('set-lifecycle-action', domain.name, 'reboot', 'restart', '--live')
  const { code, stderr } = await virsh.attempt('reset', '--domain', domain.name)
  if (code !== 0) return notCut(kind, domain, `virsh reset: ${plainError(stderr)}`)
  return killDomain(kind, domain, { below: [], above: [] }, NOTE_RESET)
}

/** `virsh destroy`, with what is known of the signal. `pid` is absent where QEMU runs on another host. */
export async function destroyDomain(
  kind: CutKind,
  virsh: Virsh,
  domain: DomainIdentity & { readonly pid?: number },
): Promise<CutRecord> {
  warnOfDestroy()
  const { name, pid } = domain
  const at = new Date().toISOString()
  const since = monotonicMs()
  const { code, stderr } = await virsh.attempt('destroy', '--domain', name)
  const tookMs = Math.round(monotonicMs() - since)
  const off = await untilOff(virsh, name)
  const died = code === 0 && off && (pid === undefined || isGone(pid))
  const killed = tookMs >= SIGTERM_ALONE_MS
  const how = killed
    ? `it took ${tookMs} ms, so SIGTERM had not helped and SIGKILL followed`
    : `it took ${tookMs} ms, less than libvirt waits before SIGKILL, so SIGTERM ended it`
  return {
    kind,
    at,
    signal: killed ? 'SIGKILL' : 'SIGTERM',
    ...(pid === undefined ? {} : { target: qemuVictim({ ...domain, pid }) }),
    alsoDied: [],
    died,
    note: died ? `${NOTE_DESTROY}; ${how}` : `domain ${name} is still there: ${plainError(stderr)}; ${NOTE_DESTROY}`,
  }
}

let warned = false

/** Once a command is enough, but on the terminal it must be: the record is read only afterwards. */
function warnOfDestroy(): void {
  if (warned) return
  warned = true
  process.stderr.write(`plugpull: warning: ${NOTE_DESTROY}; use --cut sigkill\n`)
}

/** Waits until libvirt has seen that the domain is off; false where it has not at the limit. */
export async function untilOff(virsh: Virsh, name: string): Promise<boolean> {
  const until = monotonicMs() + NOTICE_LIMIT_MS
  for (;;) {
    const state = await virsh.state(name)
    if (state === 'gone' || state === 'shut off') return true
    if (monotonicMs() >= until) return false
    await sleepMs(POLL_MS)
  }
}

/** Adds to a record that libvirt has not noticed, where it has not: the next start would then fail. */
export async function noticed(virsh: Virsh, name: string, record: CutRecord): Promise<CutRecord> {
  if (!record.died || (await untilOff(virsh, name))) return record
  const late = `libvirt has not noticed within ${NOTICE_LIMIT_MS / 1000} s that domain ${name} is off`
  return { ...record, note: record.note === undefined ? late : `${record.note}; ${late}` }
}

const notCut = (kind: CutKind, domain: LiveDomain, why: string): CutRecord => ({
  kind,
  at: new Date().toISOString(),
  target: qemuVictim(domain),
  alsoDied: [],
  died: false,
  note: `${why}; nothing was killed`,
})
