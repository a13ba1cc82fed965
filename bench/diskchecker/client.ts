/** The client of diskchecker.pl at its job, and how fast it says that it is. */
import { createInterface } from 'node:readline'
import { ProbeError } from '../../src/core/errors.ts'
import { startProcess, within } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'
import { forgetDiskchecker, startServer } from './server.ts'

/** Perl keeps what it prints to a pipe to itself for a long time; the program itself is run as it is. */
const PROMPT = ['-e', '$| = 1; do shift @ARGV; die $@ if $@']
/** For a line, of which there is one a second. */
const LINE_LIMIT_MS = 20_000

/** `  diskchecker: running 3 sec, 99.80% coverage of 16 MB (11822 writes; 3940/s)`, which it prints as the second begins. */
export function lineOf(text: string): { readonly second: number; readonly writes: number } | undefined {
  const [, second, writes] = /running (\d+) sec, .*\((\d+) writes; /.exec(text) ?? []
  return second === undefined || writes === undefined ? undefined : { second: Number(second), writes: Number(writes) }
}

export interface ClientOrder {
  /** Of diskchecker.pl. */
  readonly program: string
  /** What it makes and writes to. */
  readonly file: string
  readonly megabytes: number
  /** By its own clock, counted from its first line. */
  readonly warmUpSeconds: number
  readonly measuredSeconds: number
  readonly scratch: Scratch
  readonly signal: AbortSignal
}

/** Pages a second, between two of its lines. Its server is started before and ended after, and so is what that leaves in /tmp. */
export async function runClient(order: ClientOrder): Promise<number> {
  const { program, file, megabytes, scratch, signal } = order
  const server = await startServer(program, scratch)
  try {
    const args = [...PROMPT, program, '-s', server.address, 'create', file, String(megabytes)]
    const client = startProcess('perl', args, { scratch, pipeOutput: true })
    try {
      return await measured(order, linesOf(client.child.stdout), () => client.errorTail())
    } finally {
      client.kill('SIGKILL')
      await client.exited
    }
  } finally {
    server.process.kill('SIGKILL')
    await server.process.exited
    forgetDiskchecker()
    signal.throwIfAborted()
  }
}

const linesOf = (output: NodeJS.ReadableStream | null): AsyncIterator<string> => {
  if (output === null) throw new ProbeError('INTERNAL', 'the output of diskchecker.pl is no pipe')
  return createInterface({ input: output })[Symbol.asyncIterator]()
}

async function measured(
  { warmUpSeconds, measuredSeconds, signal }: ClientOrder,
  lines: AsyncIterator<string>,
  lastWords: () => string,
): Promise<number> {
  let first: { readonly second: number; readonly writes: number } | undefined
  let begin: number | undefined
  for (;;) {
    const line = await within(lines.next(), LINE_LIMIT_MS)
    signal.throwIfAborted()
    if (line === undefined || line.done === true)
      throw new ProbeError('RIG_FAILED', `diskchecker.pl told of no writes: ${lastWords() || 'it said nothing'}`)
    const told = lineOf(line.value)
    if (told === undefined) continue
    begin ??= told.second
    if (told.second - begin < warmUpSeconds) continue
    first ??= told
    const seconds = told.second - first.second
    if (seconds >= measuredSeconds) return (told.writes - first.writes) / seconds
  }
}
