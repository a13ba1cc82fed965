/**
 * A transient domain that cannot outlive us. It is created with `--autodestroy` by a virsh of its own whose standard input we
 * hold: when this process ends, however that happens, the input closes, virsh ends, its connection closes, and libvirt destroys
 * the domain.
 */
import { basename, dirname } from 'node:path'
import { ProbeError } from '../../core/errors.ts'
import { monotonicMs, sleepMs } from '../../io/clock.ts'
import { type ManagedProcess, startProcess, within } from '../../io/process.ts'
import type { Scratch } from '../../io/scratch.ts'
import { isGone } from '../power.ts'
import { type DomainIdentity, qemuOf } from './qemu-process.ts'
import { type Virsh, plainError } from './virsh.ts'

const CREATE_LIMIT_MS = 60_000
const POLL_MS = 10
const WATCH_MS = 100
/** Printed by virsh after the command before it has ended, well or not. */
const DONE = 'plugpull-created'

export interface HeldDomain {
  readonly pid: number
  /** Resolves when QEMU is gone. */
  readonly exited: Promise<void>
  /** Ends virsh, and with it the domain where it still runs. Safe to call twice. */
  release(): Promise<void>
}

/** Creates the domain from an XML file and keeps it; throws RIG_FAILED or TIMED_OUT with what libvirt said, and leaves nothing. */
export async function holdDomain(
  virsh: Virsh,
  domain: DomainIdentity,
  xmlPath: string,
  scratch: Scratch | undefined,
): Promise<HeldDomain> {
  const holder = startProcess('virsh', ['--connect', virsh.uri], {
    // The file is named without its folder: virsh's own parser has nothing to trip over.
    cwd: dirname(xmlPath),
    pipeInput: true,
    pipeOutput: true,
    ...(scratch === undefined ? {} : { scratch }),
  })
  const release = async (): Promise<void> => {
    holder.child.stdin?.end()
    if ((await within(holder.exited, 2000)) === undefined) await holder.stop()
  }
  try {
    await created(holder, xmlPath)
    if ((await virsh.state(domain.name)) === 'gone')
      throw new ProbeError('RIG_FAILED', `libvirt did not start the guest: ${saidBy(holder)}`)
    const pid = qemuOf(domain)
    return { pid, exited: untilGone(pid), release }
  } catch (error) {
    await release()
    throw error
  }
}

async function created(holder: ManagedProcess, xmlPath: string): Promise<void> {
  let said = ''
  holder.child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text))
  // A virsh that has ended breaks the pipe; its end is looked at below.
  holder.child.stdin?.on('error', () => undefined)
  holder.child.stdin?.write(`create --autodestroy --file '${basename(xmlPath)}'\necho ${DONE}\n`)
  const until = monotonicMs() + CREATE_LIMIT_MS
  // virsh repeats its input, so only a line of its own counts; with --quiet it would not end that line.
  while (!said.split('\n').some((line) => line.trim() === DONE)) {
    if (!holder.running) {
      await holder.exited
      throw new ProbeError('RIG_FAILED', `virsh ended before the guest was created: ${saidBy(holder)}`)
    }
    if (monotonicMs() > until)
      throw new ProbeError(
        'TIMED_OUT',
        `libvirt did not create the guest within ${CREATE_LIMIT_MS / 1000} s: ${saidBy(holder)}`,
      )
    await sleepMs(POLL_MS)
  }
}

const saidBy = (holder: ManagedProcess): string => plainError(holder.errorTail())

/** QEMU is libvirt's child, not ours: all we can do is look. */
function untilGone(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!isGone(pid)) return
      clearInterval(timer)
      resolve()
    }, WATCH_MS)
    timer.unref()
  })
}
