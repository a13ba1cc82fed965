/** Whether what a verdict lists as findings are some, before it is kept: every view of the run relies on it. */
import { setImmediate } from 'node:timers/promises'
import { findingFault } from '../../core/telling/finding-shape.ts'
import type { Verdict } from '../../core/verdict.ts'

/** Ten thousand at once would keep agents waiting who append meanwhile. */
const CHECKED_AT_ONCE = 250
/** All but the findings: what lists and campaigns read of every run. */
const SUMMARY_LENGTH_MAX = 1 << 20

/** What is wrong, naming finding and field; `undefined`: nothing. */
export async function verdictFault({ findings, ...summary }: Verdict): Promise<string | undefined> {
  for (const [index, finding] of findings.entries()) {
    const fault = findingFault(finding)
    if (fault !== undefined) return `finding ${index + 1} is not as verify writes it: ${fault}`
    if (index % CHECKED_AT_ONCE === CHECKED_AT_ONCE - 1) await setImmediate()
  }
  return JSON.stringify(summary).length <= SUMMARY_LENGTH_MAX
    ? undefined
    : `the verdict takes more than ${SUMMARY_LENGTH_MAX} characters without its findings`
}
