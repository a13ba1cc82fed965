/** Blocks done so far, one a line, so that a run that was stopped goes on where it was: only what this very build did counts. */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import type { DoneBlock } from './data.ts'

interface Line extends DoneBlock {
  readonly build: string
}

export class CutsState {
  readonly #file: string | undefined
  readonly #build = buildDigest()

  /** Without a file nothing is kept. */
  constructor(file: string | undefined) {
    this.#file = file
  }

  /** What this build did of the blocks of that family. */
  done(family: number): DoneBlock[] {
    if (this.#file === undefined || !existsSync(this.#file)) return []
    const lines = readFileSync(this.#file, 'utf8').split('\n')
    return lines
      .filter((line) => line !== '')
      .map((line) => this.#parse(line))
      .filter(({ build, block }) => build === this.#build && block.family === family)
      .map(({ block, result }) => ({ block, result }))
  }

  keep({ block, result }: DoneBlock): void {
    if (this.#file !== undefined)
      appendFileSync(this.#file, `${JSON.stringify({ build: this.#build, block, result })}\n`)
  }

  #parse(line: string): Line {
    try {
      const parsed: Line = JSON.parse(line)
      return parsed
    } catch (cause) {
      throw new ProbeError(
        'BAD_OPTION',
        `--state ${this.#file} holds a line that is none of this command's; name another file, or remove it`,
        { cause },
      )
    }
  }
}

/** Of all that simulates and judges. */
function buildDigest(): string {
  const dist = join(import.meta.dirname, '..', '..')
  const hash = createHash('sha256')
  for (const folder of ['src/core', 'src/core/workload', 'src/rig/sim', 'test/support/simulated'])
    for (const name of readdirSync(join(dist, folder))
      .filter((one) => one.endsWith('.js'))
      .toSorted())
      hash.update(name).update(readFileSync(join(dist, folder, name)))
  return hash.digest('hex').slice(0, 16)
}
