/**
 * Cuts that go through QEMU's control socket: an orderly quit, a reset, a crash of the guest's kernel. The record says what
 * really happened; where it is not what was asked for, nothing else is done instead, and `died` is false.
 */
import { messageOf } from '../../core/errors.ts'
import { type ManagedProcess, within } from '../../io/process.ts'
import { killInOneGo } from '../power.ts'
import type { CutKind, CutRecord, Victim } from '../rig.ts'
import type { Qmp } from './qmp.ts'

const EVENT_LIMIT_MS = 10_000
/** For QEMU to write back what it holds, and to end. */
const GONE_LIMIT_MS = 30_000

/** A QEMU that can still be spoken to. */
export interface LiveQemu extends Victim {
  readonly qmp: Qmp
  readonly exited: ManagedProcess['exited']
}

/** QMP quit: QEMU writes its metadata back and ends. */
export async function quitQemu(kind: CutKind, qemu: LiveQemu): Promise<CutRecord> {
  const at = new Date().toISOString()
  const refusal = await refusalOf(() => qemu.qmp.execute('quit'))
  return untilEnded(kind, qemu, at, { note: NOTE_QUIT, ...(refusal === undefined ? {} : { refusal }) })
}

const NOTE_QUIT = 'QMP quit, an orderly end: QEMU writes its metadata back'

/** The guest is reset, and QEMU killed before the firmware has gone far: what the devices do on a reset is in it, no new boot is. */
export async function resetThenKill(kind: CutKind, qemu: LiveQemu): Promise<CutRecord> {
  const at = new Date().toISOString()
  const reset = qemu.qmp.event('RESET', EVENT_LIMIT_MS)
  const refusal = await refusalOf(async () => {
    await qemu.qmp.execute('set-action', { reboot: 'reset' })
    await qemu.qmp.execute('system_reset')
  })
  const seen = refusal === undefined && (await reset) !== undefined
  if (!seen) return failed(kind, qemu, at, refusal ?? `no reset within ${EVENT_LIMIT_MS / 1000} s of QMP system_reset`)
  const { note, ...record } = await killInOneGo(kind, [{ what: qemu.what, pid: qemu.pid }], NOTE_RESET)
  return note === undefined ? record : { ...record, note }
}

const NOTE_RESET = "QMP system_reset, seen, then SIGKILL at once: QEMU's memory is lost, the host's page cache survives"

/** Alt+SysRq+B on the guest's keyboard: its kernel restarts without writing anything, and QEMU, told to end there, does so in good order. */
export async function crashGuest(kind: CutKind, qemu: LiveQemu): Promise<CutRecord> {
  const at = new Date().toISOString()
  const restarted = qemu.qmp.event('SHUTDOWN', EVENT_LIMIT_MS)
  const keys = ['alt', 'sysrq', 'b'].map((data) => ({ type: 'qcode', data }))
  const refusal = await refusalOf(() => qemu.qmp.execute('send-key', { keys }))
  const event = refusal === undefined ? await restarted : undefined
  if (event === undefined)
    return failed(kind, qemu, at, refusal ?? `no restart of the guest within ${EVENT_LIMIT_MS / 1000} s of SysRq+B`)
  if (event.data['reason'] !== 'guest-reset')
    return failed(kind, qemu, at, `the guest did not restart but ended: ${String(event.data['reason'])}`)
  return untilEnded(kind, qemu, at, { note: NOTE_CRASH })
}

const NOTE_CRASH =
  "SysRq+B: the guest's kernel restarted without writing anything; QEMU lost no power and kept all that it had accepted, so only what the guest had not handed over is lost"

/** Why the command could not be given, or nothing. */
async function refusalOf(command: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await command()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

interface Said {
  /** Where all goes well. */
  readonly note: string
  /** What stood in the way of the command: QEMU may also just have been quicker with its end than with its answer. */
  readonly refusal?: string
}

/** Waits for an orderly end. Another one, or none, is not the cut that was asked for. */
async function untilEnded(kind: CutKind, qemu: LiveQemu, at: string, { note, refusal }: Said): Promise<CutRecord> {
  const exit = await within(qemu.exited, GONE_LIMIT_MS)
  if (exit === undefined)
    return failed(kind, qemu, at, refusal ?? `${qemu.what} did not end within ${GONE_LIMIT_MS / 1000} s`)
  const died = exit.code === 0
  const how = exit.signal ?? `status ${exit.code}`
  return {
    kind,
    at,
    target: { what: qemu.what, pid: qemu.pid },
    alsoDied: [],
    died,
    note: died ? note : `${qemu.what} ended, but not in good order (${how})`,
  }
}

const failed = (kind: CutKind, { what, pid }: LiveQemu, at: string, note: string): CutRecord => ({
  kind,
  at,
  target: { what, pid },
  alsoDied: [],
  died: false,
  note: `${note}; nothing was killed`,
})
