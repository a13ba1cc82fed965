/**
 * Advice where a campaign could not have seen a fault: each piece stands on a reason that its figures, or what its runs
 * were set up as, show to be true. Data, so that a program can act on the code.
 */
import type { CampaignSummary } from './campaign.ts'
import { type CampaignMeasures, isWriteThrough } from './campaign-measures.ts'
import { type CampaignSetup, NEVER_FLUSHES, valuesOf } from './setup.ts'
import { counted, formatPercent } from '../size.ts'
import { excludedAbove, trialsToExclude } from '../statistics.ts'

export const ADVICE_CODES = [
  'nothing-promised',
  'mostly-superseded',
  'nothing-at-risk',
  'nothing-in-flight',
  'single-sectors',
  'one-at-a-time',
  'orderly-end',
  'host-survives',
  'fault-not-shown',
  'few-cuts',
] as const

export interface Advice {
  readonly code: (typeof ADVICE_CODES)[number]
  /** What could not be seen and why, and what to do. */
  readonly sentence: string
}

type Summary = Pick<CampaignSummary, 'held' | 'violation' | 'measures'>

/** Every advice that applies, in the order of the codes. */
export function adviceFor({ held, violation, measures }: Summary, setup: CampaignSetup): readonly Advice[] {
  const sentences: Readonly<Record<Advice['code'], string | undefined>> = {
    'nothing-promised': measures && nothingPromised(measures, setup),
    'mostly-superseded': measures && mostlySuperseded(measures),
    'nothing-at-risk': measures && nothingAtRisk(measures),
    'nothing-in-flight': measures && nothingInFlight(measures),
    'single-sectors': measures && singleSectors(measures),
    'one-at-a-time': oneAtATime(setup),
    'orderly-end': orderlyEnd(setup),
    'host-survives': hostSurvives(setup),
    'fault-not-shown': faultNotShown(setup, violation),
    'few-cuts': fewCuts(held, violation),
  }
  return ADVICE_CODES.flatMap((code) => {
    const sentence = sentences[code]
    return sentence === undefined ? [] : [{ code, sentence }]
  })
}

function nothingPromised({ checked }: CampaignMeasures, setup: CampaignSetup): string | undefined {
  if (checked.stableWrites > 0) return undefined
  const never = isEvery(setup, 'flush', (flush) => flush === NEVER_FLUSHES)
  const wayOut = never ? 'flush (--flush-every)' : 'cut later (--cut-after), or flush more often (--flush-every)'
  return `no write was stable at any cut, so nothing was promised that could be broken: ${wayOut}`
}

const SUPERSEDED_SHARE = 0.9

function mostlySuperseded({ checked }: CampaignMeasures): string | undefined {
  const share = checked.supersededSectors / checked.stableSectors
  if (!(share >= SUPERSEDED_SHARE)) return undefined
  return `${formatPercent(share)} of the stable sectors were overwritten by later writes and could not convict: take a larger --region, or flush more often`
}

function nothingAtRisk(measures: CampaignMeasures): string | undefined {
  if (isWriteThrough(measures) || measures.atRisk.tellingWrites > 0) return undefined
  if (measures.atRisk.completeWrites > 0)
    return 'no cut found a complete, not yet flushed write that could still be seen: later writes had covered every one, so no loss that the contract permits could show: take a larger --region, or cut earlier (--cut-after)'
  return 'no cut found a complete write that was not flushed yet, so no loss that the contract permits could show: flush less often (--flush-every)'
}

function nothingInFlight({ atRisk }: CampaignMeasures): string | undefined {
  if (atRisk.inFlightWrites > 0) return undefined
  return 'no cut came while a write was in flight, so what such a write leaves could not show: let the agent write until the cut (no --writes, --duration or --script), or deepen --queue-depth'
}

function singleSectors({ atRisk }: CampaignMeasures): string | undefined {
  if (atRisk.completeWrites + atRisk.inFlightWrites === 0 || atRisk.multiSectorWrites > 0) return undefined
  return 'every write at risk was a single sector, so no tear between sectors could show: take a larger --write-size, such as 4k-64k'
}

function oneAtATime(setup: CampaignSetup): string | undefined {
  if (!isEvery(setup, 'queueDepth', (depth) => depth === '1')) return undefined
  return 'one write was in flight at a time, so a disk that mixes up concurrent writes was not asked to: --queue-depth 8'
}

/** Ends that QEMU can handle: it writes its metadata back first. */
const ORDERLY: ReadonlySet<string> = new Set(['sigterm', 'qmp-quit', 'virsh-destroy'])
/** Cuts that end QEMU and leave the host running. */
const QEMU_ALONE: ReadonlySet<string> = new Set([...ORDERLY, 'sigkill', 'guest-reset', 'guest-crash'])
/** Cache modes that go through the host's page cache. */
const IN_PAGE_CACHE: ReadonlySet<string> = new Set(['writeback', 'writethrough', 'unsafe'])
/** Rigs whose cut of that name is QEMU's end; what commands of the user's do is theirs to know. */
const QEMU_RIGS: ReadonlySet<string> = new Set(['storage-daemon', 'qemu', 'libvirt', 'libguestfs'])

function orderlyEnd(setup: CampaignSetup): string | undefined {
  const applies =
    isEvery(setup, 'cut', (cut) => ORDERLY.has(cut)) && isEvery(setup, 'image', (image) => image.startsWith('qcow2'))
  if (!applies) return undefined
  return `QEMU that ends by ${named(setup, 'cut')} writes its QCOW2 metadata back first, so what a crash of it loses could not show: --cut sigkill`
}

function hostSurvives(setup: CampaignSetup): string | undefined {
  const qemuAlone =
    isEvery(setup, 'cut', (cut) => QEMU_ALONE.has(cut)) && isEvery(setup, 'rig', (rig) => QEMU_RIGS.has(rig))
  if (!qemuAlone) return undefined
  if (isEvery(setup, 'cache', (cache) => IN_PAGE_CACHE.has(cache)))
    return `only QEMU was ended: what cache=${named(setup, 'cache')} left in the host's page cache survived, so neither ignored flushes nor losses of the host could show: --rig host-power`
  // What is buffered in a guest is lost with it, and of libguestfs's disks the guest's file system is a part.
  const isUnbuffered =
    isEvery(setup, 'io', (io) => io !== 'buffered') && isEvery(setup, 'rig', (rig) => rig !== 'libguestfs')
  if (isUnbuffered && isEvery(setup, 'image', (image) => image === 'raw'))
    return 'only QEMU was ended, and it holds nothing back of a raw image, so no complete write could be lost: --rig host-power'
  return undefined
}

/** Faults that lie to nobody: one passes everything on, the other fails what it is asked to do. */
const NO_LIES: ReadonlySet<string> = new Set(['log-writes', 'flakey-error-writes'])

function faultNotShown(setup: CampaignSetup, violation: number): string | undefined {
  const lies = valuesOf(setup, 'fault').filter((fault) => !NO_LIES.has(fault))
  if (lies.length === 0 || violation > 0) return undefined
  return `the fault ${lies.join(' or ')} was asked for and no cut was convicted: the lie may never have been told (ignore-fua needs --fua, one at a given flush or write needs runs that get so far), so nothing is said of whether it would be caught`
}

const RATE_WANTED = 0.1

function fewCuts(held: number, violation: number): string | undefined {
  if (violation > 0 || excludedAbove(held) <= RATE_WANTED) return undefined
  const rate = `a violation rate of ${RATE_WANTED * 100} %`
  const cuts = counted(held, 'cut that held', 'cuts that held')
  const what = held === 0 ? `no cut held, so not even ${rate} is excluded` : `${cuts} cannot exclude even ${rate}`
  return `${what}: that takes ${trialsToExclude(RATE_WANTED)} (--cycles)`
}

function isEvery(setup: CampaignSetup, facet: string, test: (value: string) => boolean): boolean {
  const values = valuesOf(setup, facet)
  return values.length > 0 && values.every(test)
}

const named = (setup: CampaignSetup, facet: string): string => valuesOf(setup, facet).join(' or ')
