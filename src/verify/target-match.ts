/** Whether the target is the one that the log speaks of: a stranger is refused, not accused. */
import { ProbeError } from '../core/errors.ts'
import type { Evidence } from '../core/judge.ts'
import type { Manifest } from '../core/manifest.ts'
import { formatBytes } from '../core/size.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import type { Verdict } from '../core/verdict.ts'
import { counted } from './report/words.ts'

const WAY_OUT = 'give the target that the agent wrote to, or --same-target to judge this one all the same'

/** A target may shrink by the fault that is looked for, but none grows. */
export function checkSize(path: string, sizeSectors: number, manifest: Manifest): void {
  const expected = manifest.target.sizeSectors
  if (sizeSectors <= expected) return
  throw new ProbeError(
    'TARGET_MISMATCH',
    `${path} has ${counted(sizeSectors, 'sector')} (${formatBytes(sizeSectors * SECTOR_BYTES)}), but run ${manifest.run} wrote to ${manifest.target.path} with ${counted(expected, 'sector')}; ${WAY_OUT}`,
  )
}

/** A run that wrote here later has changed what this one left: nobody can be accused of that. */
function checkLaterRun(path: string, { laterRun, sectorsOfLaterRun }: Evidence, manifest: Manifest): void {
  if (laterRun === undefined) return
  throw new ProbeError(
    'TARGET_MISMATCH',
    `${path} was written again after run ${manifest.run}: ${counted(sectorsOfLaterRun, 'sector')} of the later run ${laterRun}; verify that run, and in future each run before the agent starts again, or --same-target to judge this one all the same`,
  )
}

/** Contents without a single write of the run, and with signs of another device, are not this run's target. */
export function checkEvidence(path: string, evidence: Evidence, manifest: Manifest): void {
  checkLaterRun(path, evidence, manifest)
  const { sectorsOfThisRun, sectorsOfOtherDevice, untouchedSectors, untouchedChanged } = evidence
  if (sectorsOfThisRun > 0) return
  const changed = untouchedChanged * 2 > untouchedSectors
  if (sectorsOfOtherDevice === 0 && !changed) return
  const sign =
    sectorsOfOtherDevice > 0
      ? `${counted(sectorsOfOtherDevice, 'sector')} of another target`
      : `${counted(untouchedChanged, 'changed sector')} of ${counted(untouchedSectors, 'sector')} that the run never touched`
  throw new ProbeError(
    'TARGET_MISMATCH',
    `${path} holds not one sector of run ${manifest.run}, but ${sign}; ${WAY_OUT}`,
  )
}

/** Where the run touched every sector, no untouched one can tell; bytes of nobody in all of them are those of another disk. */
export function checkContents(
  path: string,
  { untouchedSectors }: Evidence,
  { checked, violations }: Pick<Verdict, 'checked' | 'violations'>,
  manifest: Manifest,
): void {
  if (untouchedSectors > 0 || checked.sectors === 0 || violations.corrupt < checked.sectors) return
  throw new ProbeError(
    'TARGET_MISMATCH',
    `${path} holds not one sector of run ${manifest.run}, but bytes of nobody in ${counted(checked.sectors, 'sector')}; ${WAY_OUT}`,
  )
}
