/**
 * A few blocks before and after, as in `B B A old` → `old B A old`: what the plan had put there, and what was found.
 *
 * Blocks are 4 KiB, or as fine as the boundaries in the picture need. Writes are letters in the order of their numbers;
 * the legend says which is which.
 */
import type { Content } from '../../core/finding.ts'
import type { Neighbourhood } from './report.ts'

const BLOCK_SECTORS_MAX = 8
/** Columns that fit on a line: beyond, equal neighbours are drawn as one (`B×254`), and then the picture is cut. */
const COLUMNS_MAX = 16
const LETTERS = 26

/** What one block is drawn as; `legend` explains every token that is not a letter. */
interface Column {
  readonly before: string
  readonly after: string
  readonly blocks: number
}

export interface Picture {
  readonly lba: number
  readonly sectors: number
  readonly blockSectors: number
  readonly columns: readonly Column[]
  /** True where the picture ends before the neighbourhood does. */
  readonly cut: boolean
  /** Letters and words, each with what it stands for; a write's number where it is a write. */
  readonly legend: readonly { readonly token: string; readonly write?: number; readonly meaning: string }[]
}

const MEANINGS: Readonly<Record<string, string>> = {
  old: 'what was there before the run',
  zero: 'zeros',
  mix: 'one sector with the bytes of two versions',
  junk: 'bytes that no known version explains',
  else: 'a stamp of another address or device',
  older: 'an older run',
  phantom: 'a write that was never issued',
  err: 'cannot be read',
}

function wordOf(content: Content): string | number {
  switch (content.kind) {
    case 'version':
      return content.write === 0 ? 'old' : content.write
    case 'baseline':
      return 'old'
    case 'zeros':
      return 'zero'
    case 'older-run':
      return 'older'
    case 'elsewhere':
      return 'else'
    case 'mix':
      return 'mix'
    case 'garbage':
      return 'junk'
    case 'phantom':
      return 'phantom'
    case 'unreadable':
      return 'err'
  }
}

/** Letters for the writes in ascending order; beyond Z the number itself. */
function lettersOf(words: readonly (string | number)[]): ReadonlyMap<number, string> {
  const writes = [...new Set(words.filter((word) => typeof word === 'number'))].toSorted((a, b) => a - b)
  return new Map(writes.map((write, i) => [write, i < LETTERS ? String.fromCodePoint(65 + i) : `w${write}`]))
}

/** Largest block, a power of two up to 4 KiB, of which every change in the picture is a multiple. */
function blockSectorsOf(
  lba: number,
  before: readonly (string | number)[],
  after: readonly (string | number)[],
): number {
  let size = BLOCK_SECTORS_MAX
  const fit = (address: number): void => {
    while (address % size !== 0) size /= 2
  }
  for (let i = 1; i < after.length; i++) {
    if (before[i] !== before[i - 1] || after[i] !== after[i - 1]) fit(lba + i)
  }
  fit(lba)
  fit(lba + after.length)
  return size
}

/** Runs of equal columns as one. */
function merged(columns: readonly Column[]): readonly Column[] {
  const runs: Column[] = []
  for (const column of columns) {
    const last = runs.at(-1)
    if (last !== undefined && last.before === column.before && last.after === column.after) {
      runs[runs.length - 1] = { ...last, blocks: last.blocks + column.blocks }
    } else runs.push(column)
  }
  return runs
}

/** The picture of a neighbourhood. */
export function pictureOf({ lba, planned, found }: Neighbourhood): Picture {
  const before = planned.map((write) => (write === 0 ? 'old' : write))
  const after = found.map(wordOf)
  const letters = lettersOf([...before, ...after])
  const draw = (word: string | number | undefined): string =>
    typeof word === 'number' ? (letters.get(word) ?? '') : (word ?? '')
  const blockSectors = blockSectorsOf(lba, before, after)
  const blocks: Column[] = []
  for (let i = 0; i < after.length; i += blockSectors)
    blocks.push({ before: draw(before[i]), after: draw(after[i]), blocks: 1 })
  const fitting = blocks.length <= COLUMNS_MAX ? blocks : merged(blocks)
  const columns = fitting.slice(0, COLUMNS_MAX)
  const drawn = new Set(columns.flatMap((column) => [column.before, column.after]))
  return {
    lba,
    sectors: columns.reduce((sum, column) => sum + column.blocks, 0) * blockSectors,
    blockSectors,
    columns,
    cut: columns.length < fitting.length,
    legend: [
      ...[...letters]
        .filter(([, token]) => drawn.has(token))
        .map(([write, token]) => ({ token, write, meaning: `write ${write}` })),
      ...Object.entries(MEANINGS)
        .filter(([token]) => drawn.has(token))
        .map(([token, meaning]) => ({ token, meaning })),
    ],
  }
}

const times = (token: string, blocks: number): string => (blocks === 1 ? token : `${token}×${blocks}`)

/** The two lines, column under column; `differ` marks what was found and is not what the plan had put there. */
export function drawPicture(
  picture: Picture,
  differ: (text: string) => string,
): { readonly before: string; readonly after: string } {
  const before: string[] = []
  const after: string[] = []
  for (const column of picture.columns) {
    const above = times(column.before, column.blocks)
    const below = times(column.after, column.blocks)
    const width = Math.max(above.length, below.length)
    before.push(above.padEnd(width))
    after.push((column.before === column.after ? below : differ(below)) + ' '.repeat(width - below.length))
  }
  const end = picture.cut ? ' …' : ''
  return { before: (before.join(' ') + end).trimEnd(), after: (after.join(' ') + end).trimEnd() }
}
