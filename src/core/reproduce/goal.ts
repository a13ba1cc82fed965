/**
 * What counts as the same finding again: the same kind and severity by the same rule of the model, of the write that corresponds; and
 * where no write says which is which, the same kind of content.
 */
import type { Finding } from '../finding.ts'
import { RULES, ruleOf } from '../telling/rule.ts'
import { type Statement, writesOf } from './statement.ts'

/** Whether a finding of a script's run is the goal again. */
export function isSameFinding(goal: Finding, finding: Finding, script: readonly Statement[]): boolean {
  if (finding.kind !== goal.kind || finding.severity !== goal.severity) return false
  if (ruleIdOf(finding) !== ruleIdOf(goal)) return false
  return isSamePlace(goal, finding, script)
}

function isSamePlace(goal: Finding, finding: Finding, script: readonly Statement[]): boolean {
  const isSameWrite = goal.write !== undefined && originalOf(finding.write, script) === goal.write
  switch (goal.kind) {
    case 'lost':
    case 'torn':
    case 'reordered':
      return isSameWrite
    case 'misdirected':
    case 'corrupt':
      if (!isSameContent(goal, finding)) return false
      // Of a corrupt sector the write is the one that must be there: without it nothing stable was at stake.
      return isSameWrite || goal.write === undefined
    case 'collateral':
    case 'phantom':
    case 'unreadable':
      // No write of the script has anything to do with where these show.
      return isSameContent(goal, finding)
  }
}

const isSameContent = (goal: Finding, finding: Finding): boolean => contentOf(goal) === contentOf(finding)

const contentOf = ({ runs }: Finding): string | undefined => runs.find(({ state }) => state !== 'present')?.found.kind

/** Damage of the cut has the place that it has; that it is there may have nothing to do with what a script writes elsewhere. */
export function isBesideWrites({ kind, lba, sectors }: Finding, script: readonly Statement[]): boolean {
  if (kind === 'lost' || kind === 'torn' || kind === 'reordered') return false
  return !writesOf(script).some((write) => write.lba < lba + sectors && lba < write.lba + write.sectors)
}

/** Sectors of the write that stands in for a script's own. */
const OTHER_SECTORS = 8

/** A script of one write that touches neither the finding nor anything that the script touches. */
export function otherScript(goal: Finding, shown: Finding, script: readonly Statement[]): readonly Statement[] {
  const taken = [goal, shown, ...writesOf(script)]
  const block = OTHER_SECTORS
  const isFree = (from: number): boolean =>
    from >= 0 && !taken.some(({ lba, sectors }) => from < lba + sectors && lba < from + block)
  const home = Math.floor(goal.lba / block)
  // Below the finding first: what lies above may be beyond the end of the disk.
  const below = Array.from({ length: home }, (_, i) => (home - 1 - i) * block).find(isFree)
  const from = below ?? Math.ceil(Math.max(...taken.map(({ lba, sectors }) => lba + sectors)) / block) * block
  return [{ kind: 'write', write: 0, lba: from, sectors: block, fua: false }]
}

/** A flush that was a lie is told by the losses it sums up. */
function ruleIdOf(finding: Finding): string {
  const { id } = ruleOf(finding)
  return id === RULES['flush-lie'].id ? RULES['stable-by-flush'].id : id
}

/** The number that write n of the script had in the run it is taken from. */
function originalOf(write: number | undefined, script: readonly Statement[]): number | undefined {
  return write === undefined ? undefined : writesOf(script)[write - 1]?.write
}

/** Whether the script can show it at all: a finding of a write needs that write, and any script a write. */
export function canShow(goal: Finding, script: readonly Statement[]): boolean {
  const writes = writesOf(script)
  const needsWrite = goal.kind === 'lost' || goal.kind === 'torn' || goal.kind === 'reordered'
  return needsWrite ? writes.some(({ write }) => write === goal.write) : writes.length > 0
}

/** The statements up to the last that the finding can depend on. */
export function upToFinding(goal: Finding, statements: readonly Statement[]): readonly Statement[] {
  const end = statements.findLastIndex((statement) => isLastWord(goal, statement))
  return end < 0 ? statements : statements.slice(0, end + 1)
}

function isLastWord(goal: Finding, statement: Statement): boolean {
  switch (goal.kind) {
    case 'lost':
    case 'torn':
      return isWriteOrItsFlush(goal, statement)
    case 'reordered':
      return statement.kind === 'write' && statement.write === goal.survivor?.write
    case 'misdirected':
    case 'collateral':
    case 'corrupt':
    case 'phantom':
    case 'unreadable':
      return false
  }
}

/** A violation needs what made the write stable; a hazard ends with the write, for a flush behind it would take the hazard away. */
function isWriteOrItsFlush({ severity, stableBy, write }: Finding, statement: Statement): boolean {
  if (severity === 'violation' && stableBy?.by === 'flush')
    return statement.kind === 'flush' && statement.flush === stableBy.flush
  return statement.kind === 'write' && statement.write === write
}
