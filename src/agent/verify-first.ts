/**
 * `--verify-first`: before anything is written, what the last run left on this target is verified and the verdict published. So a
 * machine that starts the agent at every boot needs nobody but who cuts its power and switches it on again.
 *
 * Which run was the last is the collector's to say: the machine's own disks lose their power too. The verifier is run as a
 * user would run it, as a process. Where there can be no verdict nothing is written either: the evidence is worth more than
 * the next run.
 */
import type { RunSummary, VerdictSummary } from '../core/campaign/campaign.ts'
import { EXIT, ProbeError } from '../core/errors.ts'
import { type CollectorAccess, accessArguments } from '../io/collector-access.ts'
import type { CollectorClient } from '../io/collector-client.ts'
import type { Logger } from '../io/logger.ts'
import { runTool } from '../io/process.ts'
import { errorSaid, ownInvocation } from '../io/self.ts'
import { guardTarget } from '../io/target-guard.ts'
import { deviceKey, inspectTarget } from '../io/target.ts'

const VERIFY_LIMIT_MS = 3_600_000
/** Runs looked at for one that has a log: those cut before their first record have nothing to verify. */
const RUNS_BACK = 20
const ANY_STATUS = Array.from({ length: 256 }, (_, status) => status)
const LAST_LINES = 4

export interface VerifyFirstOptions {
  readonly target: string
  readonly destroyDataOn?: string
  readonly deviceName?: string
  readonly campaign: string
  /** Promise to judge by; the verifier's own choice where absent. */
  readonly contract?: string
  readonly client: CollectorClient
  /** For the verifier, which asks the collector by itself. */
  readonly access: CollectorAccess
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** The last run, with its verdict: an earlier one, or the one just found. */
export interface LastRun {
  readonly run: string
  readonly verdict: VerdictSummary
}

/**
 * Sees to it that the last run of the campaign on this target has a verdict. `undefined` where there was no such run.
 * Throws what the verifier threw, TARGET_… where the target must not be written, and COLLECTOR_….
 */
export async function verifyFirst(options: VerifyFirstOptions): Promise<LastRun | undefined> {
  const { target, destroyDataOn, deviceName, campaign, client, logger } = options
  const device = deviceKey(inspectTarget(target), deviceName)
  // A target that somebody writes to meanwhile, or another disk under this name, must not be judged at all.
  guardTarget(target, {
    region: { lba: 0, sectors: 1 },
    ...(destroyDataOn === undefined ? {} : { destroyDataOn }),
  })
  const { runs } = await client.runs({ campaign, device, limit: RUNS_BACK })
  const last = runs.find(({ bytes }) => bytes > 0)
  if (last === undefined) {
    logger.info({ campaign, device, target }, 'nothing to verify first: the campaign has no run on this target')
    return undefined
  }
  if (last.verdict === undefined) return verified(last, options)
  logger.info({ run: last.run, verdict: last.verdict.verdict }, 'the last run has its verdict already')
  return { run: last.run, verdict: last.verdict }
}

async function verified({ run }: RunSummary, options: VerifyFirstOptions): Promise<LastRun> {
  const { client, logger, signal } = options
  logger.info({ run }, 'verifying the last run first')
  const { program, before } = ownInvocation()
  const { code, stderr } = await runTool(program, [...before, 'verify', ...verifyArguments(run, options)], {
    signal,
    limitMs: VERIFY_LIMIT_MS,
    accept: ANY_STATUS,
  })
  if (code !== EXIT.held && code !== EXIT.violation && code !== EXIT.inconclusive)
    throw failureOf(run, code, stderr, options)
  const { verdict } = await client.run(run)
  // A violation counts for the verifier whether it was heard or not; here the disk is about to be written again.
  if (verdict === undefined)
    throw new ProbeError('COLLECTOR_UNREACHABLE', `the verdict on run ${run} did not reach the collector: ${stderr}`)
  logger.info({ run, verdict: verdict.verdict, violations: verdict.violations, hazards: verdict.hazards }, 'verified')
  return { run, verdict }
}

const verifyArguments = (run: string, { target, client, access, contract }: VerifyFirstOptions): string[] => [
  '--target',
  target,
  '--run',
  run,
  '--collector',
  client.url,
  '--json',
  '--quiet',
  ...accessArguments(access),
  ...(contract === undefined ? [] : ['--contract', contract]),
]

function failureOf(
  run: string,
  code: number | null,
  stderr: string,
  { target, campaign }: VerifyFirstOptions,
): ProbeError {
  const said = errorSaid(stderr)
  const last = stderr.trim().split('\n').slice(-LAST_LINES).join(' | ')
  const why = said?.message ?? `the verifier ended (${code === null ? 'by a signal' : `status ${code}`}): ${last}`
  const wayOut =
    said?.code === 'TARGET_MISMATCH'
      ? '; where two machines pass for one, give each target a --device-name or a --campaign of its own'
      : ''
  return new ProbeError(
    said?.code ?? 'INTERNAL',
    `run ${run}, the last of campaign ${campaign} on ${target}, has no verdict and cannot be verified, so nothing was written: ${why}${wayOut}`,
  )
}
