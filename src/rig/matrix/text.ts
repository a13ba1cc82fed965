/** A matrix for a terminal: a table for each cut, what the guests were told, what the documents claim. */
import { CACHE_MODES } from '../rig.ts'
import type { MatrixResult } from './result.ts'
import { COLUMNS, claimViews, controlLine, factsText, rowOf, spanText, tablesOf, troublesOf } from './words.ts'

export function matrixText(result: MatrixResult): string {
  return [
    ...headLines(result),
    ...tablesOf(result.cells).flatMap(({ title, cells }) => ['', title, ...aligned([COLUMNS, ...cells.map(rowOf)])]),
    ...listed('What proves nothing, and why', troublesOf(result.cells)),
    ...listed(
      'Positive controls: each vouches for every cell of its image and workload',
      result.controls.map(controlLine),
    ),
    ...listed('What the guest is told of the cache', toldLines(result)),
    ...listed('The documents (in full with --format markdown)', claimLines(result)),
    '',
  ].join('\n')
}

function headLines(result: MatrixResult): readonly string[] {
  const { verdict, name, cells, cyclesDone, cyclesWanted, workload } = result
  return [
    `${verdict.toUpperCase()}: matrix ${name}, ${cells.length} cells, ${cyclesDone} of ${cyclesWanted} cycles`,
    `  ${spanText(result)}; workload ${workload.join(' ')}`,
    ...Object.entries(result.machines).map(([rig, facts]) => `  ${rig}: ${factsText(facts)}`),
  ]
}

const listed = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)]

function toldLines({ cells }: MatrixResult): readonly string[] {
  return cells
    .filter(({ told, summary }) => summary.cycles > 0 && told.word !== 'not seen')
    .map(({ rig, cache, told }) => `${rig}, ${cache}: ${told.seen.join(' / ')}; ${told.word} (${told.documented})`)
    .filter((line, at, all) => all.indexOf(line) === at)
}

/** Counts of cells; in full only what contradicts, since --format markdown has it all. */
function claimLines({ cells }: MatrixResult): readonly string[] {
  return CACHE_MODES.flatMap((mode) =>
    claimViews(cells.filter(({ cache }) => cache === mode)).flatMap(({ text, source, counts, rows }) => [
      `cache=${mode}: ${text} (${source})`,
      `    cells: ${counts['consistent with']} consistent with it, ${counts.contradicts} CONTRADICT it, ${counts['cannot tell']} cannot tell`,
      ...rows.flatMap(({ where, words: { contradicts } }) =>
        contradicts === '' ? [] : [`    CONTRADICTED by ${where}, ${contradicts}`],
      ),
    ]),
  )
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
