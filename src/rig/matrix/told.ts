/** What the guest is told of each cache mode by the disk, held against what the documents say it is told. Pure. */
import type { Told } from '../campaign.ts'
import type { CacheMode } from '../rig.ts'

/** QEMU's table of cache modes: cache.writeback off is what makes the virtual disk say `write through`. */
export const DOCUMENTED: Readonly<Record<CacheMode, NonNullable<Told['writeCache']>>> = {
  none: 'write back',
  writeback: 'write back',
  writethrough: 'write through',
  directsync: 'write through',
  unsafe: 'write back',
}

export type ToldWord = 'as documented' | 'NOT as documented' | 'not seen'

export interface ToldView {
  readonly documented: string
  /** What guests saw, each combination once; empty where none could see it. */
  readonly seen: readonly string[]
  readonly word: ToldWord
}

/** Only a block device in a guest says; a file that stands in for the disk does not. */
export function toldView(cache: CacheMode, told: readonly Told[]): ToldView {
  const documented = DOCUMENTED[cache]
  const telling = told.filter(({ kind, writeCache }) => kind === 'block' && writeCache !== undefined)
  const seen = [...new Set(telling.map(({ writeCache, fua }) => `${writeCache}${fuaText(fua)}`))]
  if (telling.length === 0) return { documented, seen, word: 'not seen' }
  const isAsDocumented = telling.every(({ writeCache }) => writeCache === documented)
  return { documented, seen, word: isAsDocumented ? 'as documented' : 'NOT as documented' }
}

const fuaText = (fua: boolean | undefined): string => (fua === undefined ? '' : fua ? ', FUA' : ', no FUA')
