/** Processor time of a process from outside, thread by thread, as /proc tells it. */
import { readFileSync, readdirSync } from 'node:fs'

/** What the kernel counts times in here: USER_HZ is 100 on every architecture that Node runs on. */
export const TICK_US = 10_000

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

const threadsOf = (pid: number): readonly number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number)
  } catch {
    return []
  }
}

/** Fields of a `stat` file behind the name, which may hold anything: [1] is the parent, [11] and [12] are times. Empty where there is none. */
export function statFields(path: string): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8')
    return text.slice(text.lastIndexOf(') ') + 2).split(' ')
  } catch {
    return []
  }
}
