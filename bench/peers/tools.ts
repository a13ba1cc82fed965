/** The tools that can run here, each in the ways that a competent user would run it, and those that cannot, with the reason. */
import { ProbeError } from '../../src/core/errors.ts'
import { findProgram } from '../../src/io/process.ts'
import type { Absent } from './data.ts'
import { diskcheckerProblem, digestText, suppliedFile } from '../diskchecker/server.ts'
import { DISKCHECKER_SETTING, diskcheckerTool } from './diskchecker.ts'
import { type Fio, findFio, fioTool } from './fio.ts'
import { plugpullTool } from './plugpull.ts'
import { SETTINGS } from './settings.ts'
import type { Tool } from './tool.ts'

export interface Supplied {
  readonly fio?: string
  readonly diskchecker?: string
}

export interface Tools {
  readonly tools: readonly Tool[]
  readonly absent: readonly Absent[]
}

/** Throws where a path that the user supplied is not there. */
export async function toolsHere(supplied: Supplied): Promise<Tools> {
  const parts = [
    { tools: SETTINGS.map(plugpullTool), absent: [] },
    await fioHere(supplied.fio),
    diskcheckerHere(supplied.diskchecker),
  ]
  return { tools: parts.flatMap(({ tools }) => tools), absent: parts.flatMap(({ absent }) => absent) }
}

async function fioHere(supplied: string | undefined): Promise<Tools> {
  if (supplied === undefined && findProgram('fio') === undefined)
    return {
      tools: [],
      absent: [{ name: 'fio', why: 'not installed; on Debian: apt-get install fio', settings: SETTINGS }],
    }
  const fio = await findFio(supplied === undefined ? 'fio' : suppliedFile(supplied, '--fio'))
  const policies = fio.hasPolicy ? ['fsynced'] : []
  return {
    tools: [
      ...SETTINGS.map((setting) => fioTool(fio, setting, 'outlives')),
      ...policies.flatMap((policy) => SETTINGS.map((setting) => fioTool(fio, setting, 'outlives', policy))),
      ...waysOf(fio),
    ],
    absent: fio.hasPolicy
      ? []
      : [
          {
            name: 'fio (fsynced)',
            why: `${fio.version} has no verify_policy; supply a newer one with --fio PATH`,
            settings: SETTINGS,
          },
        ],
  }
}

/** The other two ways, in the setting that suits fio best: every write flushed, no overwrites; and with them. */
const waysOf = (fio: Fio): readonly Tool[] =>
  (['trigger', 'dies'] as const).flatMap((way) =>
    SETTINGS.filter(({ flushEvery }) => flushEvery === 1).map((setting) => fioTool(fio, setting, way)),
  )

function diskcheckerHere(supplied: string | undefined): Tools {
  const name = 'diskchecker.pl'
  if (supplied === undefined)
    return { tools: [], absent: [{ name, why: 'not supplied', settings: [DISKCHECKER_SETTING] }] }
  const path = suppliedFile(supplied, '--diskchecker')
  const problem = process.getuid?.() === 0 ? diskcheckerProblem() : 'needs root, for a loop device'
  if (problem !== undefined) throw new ProbeError('RIG_UNAVAILABLE', `diskchecker.pl cannot run here: ${problem}`)
  return { tools: [{ ...diskcheckerTool(path), version: digestText(path) }], absent: [] }
}
