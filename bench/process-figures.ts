/** What the kernel tells of a process: its memory, its processor time (thread by thread, too), its children. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What the kernel counts times in here: USER_HZ is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100
const TICK_US = 1_000_000 / TICKS_PER_SECOND

export interface ProcessMemory {
  /** The most it ever held (VmHWM). */
  readonly peakBytes: number
  /** What it holds now (VmRSS). */
  readonly residentBytes: number
}

export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytes = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024
  return { peakBytes: bytes('VmHWM'), residentBytes: bytes('VmRSS') }
}

/** User and system time of a process, and of its children that have ended. */
export function processorSeconds(pid: number): number {
  const fields = statFields(`/proc/${pid}/stat`)
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / TICKS_PER_SECOND
}

export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) && Number(statFields(`/proc/${name}/stat`)[1]) === pid ? [Number(name)] : [],
  )

/** Sockets that the process has open. */
export const socketsOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => linkOf(`/proc/${pid}/fd/${fd}`).startsWith('socket:')).length

/** Empty where it was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

export interface ThreadTime {
  readonly thread: number
  readonly userUs: number
  readonly systemUs: number
}

/** Of each thread that there is now; none where the process is gone. */
export const threadTimes = (pid: number): readonly ThreadTime[] =>
  threadsOf(pid).map((thread) => {
    const fields = statFields(`/proc/${pid}/task/${thread}/stat`)
    return { thread, userUs: Number(fields[11] ?? 0) * TICK_US, systemUs: Number(fields[12] ?? 0) * TICK_US }
  })

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** Fields of a `stat` file behind the name, which may hold anything: [1] is the parent, [11] to [14] are times. Empty where there is none. */
function statFields(path: string): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8')
    return text.slice(text.lastIndexOf(') ') + 2).split(' ')
  } catch {
    return []
  }
}
