/** `npm run bench -- memory`: the most memory that each program holds at its work; writes docs/bench/memory.json and its section of docs/PERFORMANCE.md. */
import { ProbeError } from '../../src/core/errors.ts'
import { createProgress } from '../../src/io/progress.ts'
import type { ProcessMemory } from '../process-figures.ts'
import { runBench } from '../bench-command.ts'
import { MEMORY, type MemoryData, type Weighed } from './page.ts'
import type { MemorySubject } from './subject.ts'
import { SUBJECTS } from './subjects.ts'

async function weighAll(
  subjects: readonly MemorySubject[],
  repeats: number,
  signal: AbortSignal,
): Promise<readonly Weighed[]> {
  const progress = createProgress({ label: 'weighing', total: subjects.length * repeats })
  const weighed: Weighed[] = []
  let done = 0
  try {
    for (const { weigh, ...subject } of subjects) {
      const weighings: ProcessMemory[] = []
      for (let repeat = 0; repeat < repeats; repeat++) {
        signal.throwIfAborted()
        progress.update(done++, subject.name)
        weighings.push(await weigh(signal))
      }
      weighed.push({ ...subject, weighings })
    }
  } finally {
    progress.finish()
  }
  return weighed
}

function chosen(only: unknown): readonly MemorySubject[] {
  if (typeof only !== 'string') return SUBJECTS
  const some = SUBJECTS.filter(({ name }) => name === only)
  if (some.length > 0) return some
  throw new ProbeError('BAD_OPTION', `--only takes one of ${SUBJECTS.map(({ name }) => name).join(', ')}`)
}

await runBench<MemoryData>({
  name: 'memory',
  description: 'the most memory that each program holds at its work',
  repeatDefault: 3,
  section: MEMORY,
  options: (command) => command.option('--only <subject>', `one of ${SUBJECTS.map(({ name }) => name).join(', ')}`),
  measure: async (repeats, signal, { only }) => ({ subjects: await weighAll(chosen(only), repeats, signal) }),
})
