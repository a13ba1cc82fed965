/** `npm run bench -- guest`: the agent and fio in turn in one emulated guest; writes docs/bench/guest.json and its section of docs/PERFORMANCE.md. */
import { runTool } from '../../src/io/process.ts'
import { requireAll } from '../../src/io/requirements.ts'
import { type Scratch, withScratch } from '../../src/io/scratch.ts'
import { startCollector, thisProgram } from '../../src/rig/children.ts'
import { guestUrl } from '../../src/rig/guest/guest-url.ts'
import { runBench } from '../bench-command.ts'
import { agentRate } from './agent-rate.ts'
import { GUEST_DISK, bootGuest } from './boot.ts'
import { GUEST, type GuestData } from './page.ts'
import { fioRate, outputOf, scriptOf, trialsOf } from './script.ts'
import { REGION_MIB, type TrialResult } from './trial.ts'

const SECONDS = 8
/** Start, baseline and end of one trial, on a machine that does other things too. */
const OVERHEAD_LIMIT_MS = 40_000

async function measure(repeats: number, signal: AbortSignal): Promise<Omit<GuestData, 'command' | 'machine'>> {
  requireAll('the guest of the bench', ['qemu-system-x86_64', 'busybox'])
  return withScratch('bench-guest', async (scratch) => {
    const collector = await startCollector(thisProgram(), scratch, `sqlite:${scratch.file('store.db')}`)
    try {
      const trials = trialsOf(repeats)
      const console = await bootGuest({
        scratch,
        disk: await emptyDisk(scratch, signal),
        lines: scriptOf(trials, GUEST_DISK, SECONDS, guestUrl(collector.url)),
        limitMs: trials.length * (SECONDS * 1000 + OVERHEAD_LIMIT_MS),
        signal,
      })
      const results: TrialResult[] = []
      for (const trial of trials) {
        const output = outputOf(console, trial)
        const { program, flushEvery, run } = trial
        const rate = program === 'fio' ? { perSecond: fioRate(output) } : await agentRate(collector.client, run, signal)
        results.push({ program, flushEvery, ...rate })
      }
      return { seconds: SECONDS, results }
    } finally {
      await collector.stop()
    }
  })
}

/** Its blocks are there: what is measured is no allocation of the host's. */
async function emptyDisk(scratch: Scratch, signal: AbortSignal): Promise<string> {
  const disk = scratch.file('disk')
  await runTool('dd', ['if=/dev/zero', `of=${disk}`, 'bs=1M', `count=${REGION_MIB}`, 'oflag=direct'], { signal })
  return disk
}

await runBench<GuestData>({
  name: 'guest',
  description: 'the agent beside fio in one guest under emulation',
  repeatDefault: 3,
  section: GUEST,
  measure,
})
