/** One measurement in a process of its own, so that its peak memory is its own: `one.js WRITES SECTORS`. */
import { parseContract } from '../../src/core/contract.ts'
import { HistoryBuilder } from '../../src/core/history.ts'
import { Judge } from '../../src/core/judge.ts'
import { RANGE_SECTORS } from '../../src/core/observations.ts'
import { SectorBuffer } from '../../src/core/stamp.ts'
import { LogDecoder } from '../../src/core/wire.ts'
import { Survivor, logOf, manifestOf } from './history.ts'

const [writes = 0, sectors = 0] = process.argv.slice(2).map(Number)
const manifest = manifestOf(sectors)
const log = [...logOf(manifest, writes)]
const logBytes = log.reduce((sum, frame) => sum + frame.length, 0)
const survivor = new Survivor(manifest, writes)
const heldBytes = process.memoryUsage().rss
const buffer = SectorBuffer.ofSectors(RANGE_SECTORS)

let ms = 0
let cpuUs = 0
const timed = <T>(work: () => T): T => {
  const started = performance.now()
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  ms += performance.now() - started
  cpuUs += user + system
  return result
}

const history = timed(() => {
  const builder = new HistoryBuilder(logBytes)
  const decoder = new LogDecoder(builder)
  for (const frame of log) decoder.push(frame)
  return builder.finish(decoder.end())
})
const decodeMs = ms
const judge = timed(() => new Judge(history, parseContract('volatile'), { findingsMax: 1000 }))
const indexMs = ms - decodeMs
for (const { lba, sectors: length } of judge.ranges()) {
  survivor.read(lba, length, buffer)
  timed(() => judge.range(lba, length, buffer))
}
const verdict = timed(() => judge.finish())
const peakBytes = process.resourceUsage().maxRSS * 1024
process.stdout.write(
  `${JSON.stringify({ writes, sectors, logBytes, verdict: verdict.verdict, ms: Math.round(ms), cpuMs: Math.round(cpuUs / 1000), decodeMs: Math.round(decodeMs), indexMs: Math.round(indexMs), peakBytes, heldBytes })}\n`,
)
