/** What changed between two looks at the same runs, as events. Knows runs by what it saw of them last; nothing of time. */
import type { RunLine } from '../../core/campaign/facts.ts'
import type { LiveEvent } from '../../core/view/live-view.ts'

/** Runs that are remembered; one that is forgotten and changes again is told in full once more. */
const KNOWN_MAX = 20_000

interface Seen {
  readonly changedAt: string
  readonly bytes: number
  readonly progress: string
  readonly hasCut: boolean
  readonly outcome: string
}

const seenOf = ({ changedAt, bytes, progress, cutRecord, outcome }: RunLine): Seen => ({
  changedAt,
  bytes,
  progress: JSON.stringify(progress ?? null),
  hasCut: cutRecord !== undefined,
  outcome: JSON.stringify(outcome ?? null),
})

export class Changes {
  /** In the order of their last change. */
  readonly #seen = new Map<string, Seen>()

  /** `lines`, the newest first, as a store tells them. */
  take(lines: readonly RunLine[]): LiveEvent[] {
    return lines.toReversed().flatMap((line) => this.#changesOf(line))
  }

  #changesOf(line: RunLine): LiveEvent[] {
    const before = this.#seen.get(line.run)
    const now = seenOf(line)
    // Two collectors over one store can be asked in turn; what is older than what was told is no change.
    if (before !== undefined && before.changedAt > now.changedAt) return []
    this.#seen.delete(line.run)
    this.#seen.set(line.run, now)
    this.#forget()
    return before === undefined ? whole(line) : difference(before, now, line)
  }

  #forget(): void {
    for (const run of this.#seen.keys()) {
      if (this.#seen.size <= KNOWN_MAX) return
      this.#seen.delete(run)
    }
  }
}

/** All that is known of a run, for whoever knows nothing of it. */
export const whole = (line: RunLine): LiveEvent[] => [
  { kind: 'run', line },
  ...(line.cutRecord === undefined ? [] : [{ kind: 'cut', line } as const]),
  ...(line.outcome === undefined ? [] : [{ kind: 'verdict', line } as const]),
]

function difference(before: Seen, now: Seen, line: RunLine): LiveEvent[] {
  const events: LiveEvent[] = []
  if (now.hasCut && !before.hasCut) events.push({ kind: 'cut', line })
  if (now.outcome !== before.outcome) events.push({ kind: 'verdict', line })
  const progressed =
    now.bytes !== before.bytes || now.progress !== before.progress || now.changedAt !== before.changedAt
  if (events.length > 0 || !progressed) return events
  const { run, changedAt, heardAt, bytes, progress } = line
  return [
    {
      kind: 'progress',
      line: { run, changedAt, heardAt, bytes, ...(progress === undefined ? {} : { progress }) },
    },
  ]
}
