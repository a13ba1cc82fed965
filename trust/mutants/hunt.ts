/** Runs the tests against mutants: each in a copy of the compiled program, until a test fails. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProbeError } from '../../src/core/errors.ts'
import { runTool } from '../../src/io/process.ts'
import { mutated } from './apply.ts'
import type { Mutant } from './mutants.ts'

const LIMIT_MS = 600_000
/** Of the simulated cuts as many as a run of a mutant affords. */
const SIMULATED_CUTS = '2000'

/** What may kill a mutant, the quickest first: programs in a copy of dist/ that end with a status other than 0. */
export const KILLERS = {
  'test/core/judge': 'test/core/judge.test.js',
  'test/core/judge-ranges': 'test/core/judge-ranges.test.js',
  'test/verify/reading/slot': 'test/verify/reading/slot.test.js',
  'small histories': 'trust/mutants/small-histories.js',
  'simulated cuts': 'test/property/simulated-cuts.test.js',
  // Of the judge's own rules it says nothing: both sides of its comparison have them.
  'first look': 'test/property/first-look.test.js',
} as const
export type Killer = keyof typeof KILLERS
const KILLER_NAMES = Object.keys(KILLERS).filter((name): name is Killer => name in KILLERS)

export interface Fate {
  readonly rule: string
  readonly file: string
  /** What failed; absent where the mutant lived. */
  readonly killedBy?: Killer
  /** Why it had to live, where it is the rule in other words. */
  readonly equivalent?: string
}

/** Lives though it should not. */
export const isAlive = ({ killedBy, equivalent }: Fate): boolean => killedBy === undefined && equivalent === undefined

/** A copy of the program in which mutants live one after another. `root`: the checkout; `directory`: an empty folder. */
export class Cage {
  readonly #directory: string

  constructor(root: string, directory: string) {
    this.#directory = directory
    mkdirSync(join(directory, 'dist'), { recursive: true })
    for (const part of ['src', 'test', 'trust'])
      cpSync(join(root, 'dist', part), join(directory, 'dist', part), { recursive: true })
    for (const name of ['node_modules', 'package.json']) symlinkSync(join(root, name), join(directory, name))
  }

  /** Whether the tests pass as they are: otherwise they would kill anything. */
  async isSound(signal: AbortSignal): Promise<boolean> {
    for (const killer of KILLER_NAMES) if (await this.#fails(killer, signal)) return false
    return true
  }

  async fateOf(mutant: Mutant, signal: AbortSignal): Promise<Fate> {
    const dist = join(this.#directory, 'dist')
    const { path, text } = mutated(dist, mutant)
    const asItIs = readFileSync(path)
    const { from: _from, to: _to, ...told } = mutant
    writeFileSync(path, text)
    try {
      for (const killer of KILLER_NAMES) if (await this.#fails(killer, signal)) return { ...told, killedBy: killer }
      return told
    } finally {
      writeFileSync(path, asItIs)
    }
  }

  async #fails(killer: Killer, signal: AbortSignal): Promise<boolean> {
    // A test file is run as a plain program: within a run of the tests Node would take it for a part of that.
    const { code } = await runTool(process.execPath, [join('dist', KILLERS[killer])], {
      cwd: this.#directory,
      env: { NODE_TEST_CONTEXT: '', PLUGPULL_SIM_CUTS: SIMULATED_CUTS },
      limitMs: LIMIT_MS,
      accept: [0, 1],
      signal,
    })
    return code !== 0
  }
}

export interface HuntOptions {
  readonly root: string
  /** An empty folder for each job. */
  readonly directories: readonly string[]
  readonly signal: AbortSignal
  told(done: number, lived: number): void
}

/** The fates of the mutants, in their order. Throws where a test fails without any mutant. */
export async function hunt(mutants: readonly Mutant[], options: HuntOptions): Promise<readonly Fate[]> {
  const cages = options.directories.map((directory) => new Cage(options.root, directory))
  if ((await cages[0]?.isSound(options.signal)) !== true)
    throw new ProbeError('INTERNAL', 'the tests fail without any mutant: npm test -- core property trust says which')
  const fates = new Map<Mutant, Fate>()
  const left = mutants.toReversed()
  await Promise.all(
    cages.map(async (cage) => {
      for (let mutant = left.pop(); mutant !== undefined; mutant = left.pop()) {
        fates.set(mutant, await cage.fateOf(mutant, options.signal))
        options.told(fates.size, [...fates.values()].filter(isAlive).length)
      }
    }),
  )
  return mutants.flatMap((mutant) => fates.get(mutant) ?? [])
}
