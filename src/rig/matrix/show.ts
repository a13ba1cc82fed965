/** A matrix as a document: for people, for programs, for the docs; and back from a file of it. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { ProbeError, messageOf } from '../../core/errors.ts'
import { resultsPage } from './page.ts'
import { MATRIX_SCHEMA, type MatrixResult, derivedAnew, matrixResult } from './result.ts'
import { readState } from './state.ts'
import { matrixText } from './text.ts'

export const FORMATS = ['text', 'json', 'markdown'] as const
export type Format = (typeof FORMATS)[number]

/** The matrices as one document. Throws BAD_OPTION for JSON of several. */
export function render(results: readonly MatrixResult[], format: Format): string {
  const [first, ...more] = results
  switch (format) {
    case 'text':
      return results.map(matrixText).join('\n')
    case 'markdown':
      return resultsPage(results)
    case 'json':
      if (first === undefined || more.length > 0)
        throw new ProbeError('BAD_OPTION', 'JSON is of one matrix; give one --show')
      return matrixJson(first)
  }
}

/** JSON with a line for each cell, so that a change of one figure is a change of one line. */
export function matrixJson({ cells, ...rest }: MatrixResult): string {
  const head = JSON.stringify(rest).slice(0, -1)
  return `${head},"cells":[\n${cells.map((cell) => JSON.stringify(cell)).join(',\n')}\n]}\n`
}

/** A matrix out of its folder, or out of the JSON that was made of one. Throws BAD_OPTION. */
export function readMatrix(path: string): MatrixResult {
  try {
    if (statSync(path).isDirectory()) return matrixResult(readState(path))
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (isMatrix(parsed)) return derivedAnew(parsed)
  } catch (error) {
    if (error instanceof ProbeError) throw error
    throw new ProbeError('BAD_OPTION', `--show ${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  throw new ProbeError('BAD_OPTION', `--show ${path} is not of schema ${MATRIX_SCHEMA}`)
}

/** Our own program wrote it, so its schema says enough. */
const isMatrix = (parsed: unknown): parsed is MatrixResult =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === MATRIX_SCHEMA

/** Writes a document so that a reader never sees half of it. Throws OUTPUT_IO. */
export function writeReport(path: string, document: string): void {
  try {
    writeFileSync(`${path}.part`, document)
    renameSync(`${path}.part`, path)
  } catch (error) {
    throw new ProbeError('OUTPUT_IO', `--report ${path} cannot be written: ${messageOf(error)}`, { cause: error })
  }
}
