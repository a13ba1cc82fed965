/** A run as the statements of a script: its writes and flushes in the order in which they were issued. */
import type { Plan } from '../plan.ts'
import type { RecordKind } from '../record.ts'
import type { LogSink } from '../wire.ts'

export type Statement =
  /** `write`: its number in the run that it is taken from. */
  | {
      readonly kind: 'write'
      readonly write: number
      readonly lba: number
      readonly sectors: number
      readonly fua: boolean
    }
  /** `flush`: likewise. */
  | { readonly kind: 'flush'; readonly flush: number }

export type WriteStatement = Statement & { readonly kind: 'write' }

/** Reads them from a log. */
export class StatementReader implements LogSink {
  readonly statements: Statement[] = []
  readonly #plan: Plan

  constructor(plan: Plan) {
    this.#plan = plan
  }

  manifest(): void {
    // The plan has what is needed of it.
  }

  baseline(): void {
    // Contents before the run follow from the rig.
  }

  record(kind: RecordKind, id: number): void {
    if (kind === 'issue') this.statements.push({ kind: 'write', write: id, ...this.#plan.write(id) })
    if (kind === 'flush-issue') this.statements.push({ kind: 'flush', flush: id })
  }
}

/** As `--script` takes it. */
export const scriptText = (statements: readonly Statement[]): string => statements.map(statementText).join('; ')

function statementText(statement: Statement): string {
  if (statement.kind === 'flush') return 'flush'
  return `w ${statement.lba}+${statement.sectors}${statement.fua ? ' fua' : ''}`
}

/** Flushes ahead of the first write do nothing, and one after another does no more than one. */
export function withoutIdleFlushes(statements: readonly Statement[]): readonly Statement[] {
  return statements.filter(({ kind }, i) => kind === 'write' || statements[i - 1]?.kind === 'write')
}

export const writesOf = (statements: readonly Statement[]): readonly WriteStatement[] =>
  statements.filter((statement) => statement.kind === 'write')
