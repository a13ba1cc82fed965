/** fio at one job: its own time of warm-up left out by `ramp_time`, its figures from its JSON. */
import { runTool } from '../../src/io/process.ts'
import type { Job, Peer } from './jobs.ts'
import { MEASURED_MS } from './settings.ts'

const RAMP_MS = 250
const LIMIT_MS = 60_000

export interface FioFigures {
  readonly perSecond: number
  /** Microseconds of the processor a write. */
  readonly userUs: number
  readonly systemUs: number
}

interface FioOutput {
  readonly jobs: readonly {
    readonly error: number
    /** Of all processes of the job together, in milliseconds; what the per cents are of. */
    readonly job_runtime: number
    readonly usr_cpu: number
    readonly sys_cpu: number
    readonly write: { readonly iops: number; readonly total_ios: number }
  }[]
}

export function fioArguments(
  { engine, verify }: Peer,
  job: Job,
  target: string,
  regionBytes: number,
): readonly string[] {
  const count = engine === 'psync' ? `--numjobs=${job.depth}` : `--iodepth=${job.depth}`
  return [
    '--name=writes',
    `--filename=${target}`,
    `--size=${regionBytes}`,
    `--rw=${job.pattern === 'random' ? 'randwrite' : 'write'}`,
    `--bs=${job.writeBytes}`,
    `--ioengine=${engine}`,
    count,
    '--direct=1',
    // As the agent: what was written before may be written again.
    ...(job.pattern === 'random' ? ['--norandommap'] : []),
    ...(verify ? ['--verify=crc32c', '--do_verify=0'] : []),
    ...(job.flushEvery === 0 ? [] : [`--fdatasync=${job.flushEvery}`]),
    '--time_based',
    `--ramp_time=${RAMP_MS}ms`,
    `--runtime=${MEASURED_MS}ms`,
    '--group_reporting',
    '--output-format=json',
  ]
}

/** One run of it. Its scratch files, if any, go to `cwd`. */
export async function runFio(
  args: readonly string[],
  options: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<FioFigures> {
  const { stdout } = await runTool('fio', args, { ...options, limitMs: LIMIT_MS })
  return fioFigures(stdout)
}

/** Its JSON, which some messages may precede. Times of the processor are told as per cent of the time of all jobs. */
export function fioFigures(stdout: string): FioFigures {
  const output: FioOutput = JSON.parse(stdout.slice(stdout.indexOf('{')))
  const [job] = output.jobs
  if (job === undefined || job.error !== 0 || job.write.total_ios === 0)
    throw new Error(`fio wrote nothing: ${stdout.slice(0, 400)}`)
  const perWrite = (percent: number): number => ((percent / 100) * job.job_runtime * 1000) / job.write.total_ios
  return { perSecond: job.write.iops, userUs: perWrite(job.usr_cpu), systemUs: perWrite(job.sys_cpu) }
}
