/** What the guest of the bench runs, as lines of its shell, and what the console then says about it. */
import { ProbeError } from '../../src/core/errors.ts'
import { FLUSHES, REGION_MIB, type Trial } from './trial.ts'

/** Console lines that stand around what one trial printed. */
const MARK = '@@'

const fioLine = ({ flushEvery }: Trial, disk: string, seconds: number): string =>
  [
    `fio --name=guest --filename=${disk} --ioengine=psync --rw=randwrite --bs=4k --direct=1`,
    `--size=${REGION_MIB}m --fdatasync=${flushEvery} --verify=crc32c --do_verify=0`,
    `--time_based --runtime=${seconds} --output-format=json`,
  ].join(' ')

const agentLine = ({ flushEvery, run }: Trial, disk: string, seconds: number, collector: string): string =>
  [
    `node /plugpull.cjs agent --target ${disk} --destroy-data-on ${disk} --collector ${collector} --run-id ${run}`,
    `--workload random --write-size 4k --queue-depth 1 --region 0..${REGION_MIB}m --flush-every ${flushEvery}`,
    `--duration ${seconds}s --quiet --json`,
  ].join(' ')

/** fio and the agent, as the trials have them, in the same boot. */
export function scriptOf(
  trials: readonly Trial[],
  disk: string,
  seconds: number,
  collector: string,
): readonly string[] {
  return trials.flatMap((trial) => [
    `echo '${MARK}${trial.run}'`,
    trial.program === 'fio' ? fioLine(trial, disk, seconds) : agentLine(trial, disk, seconds, collector),
    `echo "${MARK}status $?"`,
  ])
}

/** What the trial printed; throws RIG_FAILED where it did not end well. */
export function outputOf(console: string, { run, program }: Trial): string {
  const [, after = ''] = console.split(`${MARK}${run}`)
  const [output = '', status = ''] = after.split(`${MARK}status `)
  if (Number.parseInt(status, 10) === 0) return output
  throw new ProbeError(
    'RIG_FAILED',
    `${program} in the guest failed: ${output.trim().slice(-400) || 'it said nothing'}`,
  )
}

/** Writes a second, as fio says. */
export function fioRate(output: string): number {
  const parsed: { readonly jobs?: readonly { readonly write?: { readonly iops?: number } }[] } = JSON.parse(
    output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1),
  )
  const rate = parsed.jobs?.[0]?.write?.iops
  if (rate === undefined) throw new ProbeError('RIG_FAILED', 'fio in the guest left no figure')
  return rate
}

/** In turn: fio, the agent, fio, the agent, at each cadence. */
export const trialsOf = (repeats: number): readonly Trial[] =>
  FLUSHES.flatMap((flushEvery, at) =>
    Array.from({ length: repeats }, (_, repeat) =>
      (['fio', 'agent'] as const).map((program, side) => ({
        program,
        flushEvery,
        run: (0x9e57_0000 + ((at * repeats + repeat) * 2 + side)).toString(16).padStart(16, '0'),
      })),
    ).flat(),
  )
