/** Cuts and verdicts for those who hear them: one sentence every few seconds, however many there were. */
import type { ServerEvent } from '../sse.ts'

const PAUSE_MS = 6000

export class Summary {
  readonly #say: (text: string) => void
  #counts = new Map<string, number>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  add({ kind, data }: Pick<ServerEvent, 'kind' | 'data'>): void {
    const what = kind === 'cut' ? 'cut' : kind === 'verdict' ? wordOf(data) : undefined
    if (what === undefined) return
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
    this.#timer ??= setTimeout(() => this.#tell(), PAUSE_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #tell(): void {
    this.#timer = undefined
    this.#say([...this.#counts].map(([what, count]) => `${count} ${what}`).join(', '))
    this.#counts = new Map()
  }
}

function wordOf(data: string): string | undefined {
  const line: unknown = JSON.parse(data)
  if (typeof line !== 'object' || line === null || !('outcome' in line)) return undefined
  const { outcome } = line
  if (typeof outcome !== 'object' || outcome === null || !('word' in outcome)) return undefined
  return String(outcome.word)
}
