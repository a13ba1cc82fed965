import { ProbeError } from '../errors.ts'
import { parseDurationMs } from '../size.ts'
import { type PlannedWrite, type Step, type WorkloadContext, type WorkloadKind } from './workload.ts'
import { lba, sectorCount } from '../units.ts'

interface Script {
  readonly writes: readonly PlannedWrite[]
  /** Steps before the first write, then after each. */
  readonly steps: readonly (readonly Step[])[]
}

const WRITE = /^w\s+(\d+)\+(\d+)(\s+fua)?$/

/** `w 8+16; flush; w 0+16 fua; sleep 1s` → writes and steps; throws BAD_SCRIPT naming the statement. */
export function parseScript(text: string): Script {
  const writes: PlannedWrite[] = []
  const steps: Step[][] = [[]]
  for (const statement of text.split(';').map((part) => part.trim())) {
    if (statement === '') continue
    const write = WRITE.exec(statement)
    if (write !== null) {
      const [from, sectors] = [Number(write[1]), Number(write[2])]
      if (!Number.isSafeInteger(from + sectors))
        throw new ProbeError(
          'BAD_SCRIPT',
          `--script has ${JSON.stringify(statement)}; no target has a sector of that number`,
        )
      writes.push({ lba: lba(from), sectors: sectorCount(sectors), fua: write[3] !== undefined })
      steps.push([])
    } else steps.at(-1)?.push(parseStep(statement))
  }
  if (writes.length === 0)
    throw new ProbeError(
      'BAD_SCRIPT',
      '--script has no write; it takes w LBA+SECTORS [fua], flush and sleep DURATION, separated by ;',
    )
  return { writes, steps }
}

function parseStep(statement: string): Step {
  if (statement === 'flush') return { kind: 'flush', drain: false }
  if (statement.startsWith('sleep '))
    return { kind: 'sleep', ms: parseDurationMs(statement.slice(6), '--script sleep') }
  throw new ProbeError(
    'BAD_SCRIPT',
    `--script has ${JSON.stringify(statement)}; it takes w LBA+SECTORS [fua], flush and sleep DURATION, separated by ;`,
  )
}

function checkInside(script: Script, context: WorkloadContext): void {
  const end = context.region.lba + context.region.sectors
  for (const { lba: from, sectors } of script.writes) {
    const what = `--script has w ${from}+${sectors}`
    if (sectors === 0) throw new ProbeError('BAD_SCRIPT', `${what}: a write is at least one sector`)
    if (from < context.region.lba || from + sectors > end) {
      throw new ProbeError(
        'BAD_SCRIPT',
        `${what}, outside the region of sectors ${context.region.lba} to ${end - 1}; choose another --region`,
      )
    }
    if (from % context.alignSectors !== 0 || sectors % context.alignSectors !== 0) {
      throw new ProbeError(
        'REGION_UNALIGNED',
        `${what}, not a multiple of the target's logical block of ${context.alignSectors} sectors`,
      )
    }
  }
}

/** Exactly the writes, flushes and pauses that the text says; how a finding is reproduced. */
export const script: WorkloadKind = {
  name: 'script',
  summary: "what --script says: 'w 8+16; flush; w 0+16; sleep 1s'",
  cadence: { kind: 'workload' },
  make(context) {
    const parsed = parseScript(context.script ?? '')
    checkInside(parsed, context)
    const flushesAfter = parsed.steps.map((steps) => steps.filter((step) => step.kind === 'flush').length)
    let total = 0
    const flushesBefore = flushesAfter.map((count) => (total += count))
    return {
      length: parsed.writes.length,
      write(n) {
        const write = parsed.writes[n - 1]
        if (write === undefined) throw new ProbeError('BAD_SCRIPT', `the script has no write ${n}`)
        return write
      },
      stepsAfter: (n) => parsed.steps[n] ?? [],
      flushesBefore: (n) => flushesBefore[n - 1] ?? 0,
    }
  },
}
