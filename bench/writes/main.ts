/** `npm run bench -- writes`: the agent beside fio; writes docs/bench/writes.json and its section of docs/PERFORMANCE.md. */
import { runToolSync } from '../../src/io/process.ts'
import { runBench } from '../bench-command.ts'
import { measureWrites } from './measure.ts'
import { WRITES, type WritesData } from './page.ts'

await runBench<WritesData>({
  name: 'writes',
  description: 'the agent beside fio: writes a second at each depth and cadence, and what a write costs',
  repeatDefault: 3,
  section: WRITES,
  measure: measureWrites,
  machine: () => ({ fio: runToolSync('fio', ['--version']).stdout.trim().replace('fio-', '') }),
})
