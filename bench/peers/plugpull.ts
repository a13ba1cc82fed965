/** plugpull, run as its users run it: the agent loses its power with the disk, the log outlives both, `verify` judges the file. */
import { join } from 'node:path'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import type { Finding } from '../../src/core/finding.ts'
import { VERDICT_SCHEMA, type Verdict } from '../../src/core/verdict.ts'
import { VERSION } from '../../src/core/version.ts'
import { monotonicMs } from '../../src/io/clock.ts'
import { runTool, startProcess } from '../../src/io/process.ts'
import { thisProgram } from '../../src/rig/children.ts'
import { SECTOR_BYTES } from './faults.ts'
import { OVERWRITTEN_BYTES } from './settings.ts'
import { ANY_STATUS, type Accusation, type Job, type Report, type Setting, type Tool, type Working } from './tool.ts'

const VERIFY_LIMIT_MS = 120_000
const FINDINGS_MAX = '1000000'
const CLI = ['plugpull']

const logOf = (job: Job): string => join(job.directory, 'run.log')

function agentArguments(setting: Setting, target: string, log: string, seed: string): readonly string[] {
  const pattern = setting.overwrites
    ? ['--workload', 'random', '--region', `0..${OVERWRITTEN_BYTES / 2 ** 20}M`]
    : ['--workload', 'first-touch', '--cluster-size', '4k']
  return [
    'agent',
    '--target',
    target,
    '--log',
    log,
    ...pattern,
    '--write-size',
    '4k',
    '--flush-every',
    String(setting.flushEvery),
    '--seed',
    seed,
    '--hold',
  ]
}

const verifyArguments = (target: string, log: string): readonly string[] => [
  'verify',
  '--target',
  target,
  '--log',
  log,
  '--json',
  '--findings-max',
  FINDINGS_MAX,
]

export function plugpullTool(setting: Setting): Tool {
  return {
    name: 'plugpull',
    version: VERSION,
    setting,
    fate: 'loses its power with the disk; its log is on another one',
    commands: [
      [...CLI, ...agentArguments(setting, 'DISK', 'run.log', 'SEED')].join(' '),
      [...CLI, ...verifyArguments('SURVIVOR', 'run.log')].join(' '),
    ],
    start: (job) => Promise.resolve(startAgent(setting, job)),
    verify,
  }
}

function startAgent(setting: Setting, job: Job): Working {
  const args = agentArguments(setting, job.disk, logOf(job), String(job.seed))
  const agent = startProcess(process.execPath, [thisProgram().guestEntry, ...args], { scratch: job.scratch })
  const gone = async (): Promise<void> => {
    agent.kill('SIGKILL')
    await agent.exited
  }
  return {
    victims: [{ what: 'agent', pid: agent.pid }],
    ended: agent.exited.then(() => agent.errorTail()),
    finish: gone,
    abandon: gone,
  }
}

async function verify(job: Job, image: string): Promise<Report> {
  const started = monotonicMs()
  const { stdout, stderr, code } = await runTool(
    process.execPath,
    [thisProgram().guestEntry, ...verifyArguments(image, logOf(job))],
    { limitMs: VERIFY_LIMIT_MS, accept: ANY_STATUS, signal: job.signal },
  )
  const ms = monotonicMs() - started
  if (code !== EXIT.held && code !== EXIT.violation && code !== EXIT.inconclusive)
    return { word: 'cannot tell', accusations: [], said: stderr.trim().slice(0, 300), ms }
  return { ...reportOf(verdictIn(stdout)), ms }
}

function verdictIn(text: string): Verdict {
  const parsed: unknown = JSON.parse(text)
  if (isVerdict(parsed)) return parsed
  throw new ProbeError('INTERNAL', `plugpull verify printed no ${VERDICT_SCHEMA}: ${text.slice(0, 200)}`)
}

const isVerdict = (parsed: unknown): parsed is Verdict =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === VERDICT_SCHEMA

/** Only violations accuse: a hazard is a loss that the contract permits, and the verdict says held. */
export function reportOf(verdict: Verdict): Omit<Report, 'ms'> {
  const accusations = verdict.findings
    .filter(({ severity }) => severity === 'violation')
    .flatMap((finding) => accusationsOf(finding))
  if (verdict.verdict === 'violation') return { word: 'faulty', accusations }
  if (verdict.verdict === 'held') return { word: 'sound', accusations }
  return { word: 'cannot tell', accusations, said: verdict.inconclusiveBecause.join('; ') }
}

/** A lost or torn write is held against the sectors that are missing, anything else against the sectors it names. */
function accusationsOf(finding: Finding): readonly Accusation[] {
  const { kind, rule, lba, sectors, missingSectors } = finding
  const namesWrite = finding.write !== undefined
  const one = (from: number, count: number): Accusation => ({
    text: rule === 'flush-lie' ? 'lost: the flush was a lie' : kind,
    offset: from * SECTOR_BYTES,
    bytes: count * SECTOR_BYTES,
    namesWrite,
  })
  return missingSectors.length === 0 ? [one(lba, sectors)] : missingSectors.map((index) => one(lba + index, 1))
}
