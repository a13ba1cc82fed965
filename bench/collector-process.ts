/** `plugpull collector` as a process of its own, as a user starts it, for benches. */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ManagedProcess, startProcess } from '../src/io/process.ts'

const CLI = join(import.meta.dirname, '..', 'src', 'cli.js')

export interface CollectorProcess {
  readonly process: ManagedProcess
  readonly url: string
}

export interface CollectorProcessOptions {
  /** The one processor that it may use; absent: any. */
  readonly processor?: number
  /** The scratch folder that it belongs to. */
  readonly scratch?: { readonly path: string }
  /** Options of Node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
}

/** Resolves once it answers; whoever starts it stops it. */
export async function startCollector(store: string, options: CollectorProcessOptions = {}): Promise<CollectorProcess> {
  const { processor, scratch, nodeOptions = [] } = options
  const line = [
    process.execPath,
    ...nodeOptions,
    CLI,
    'collector',
    '--listen',
    '127.0.0.1:0',
    '--store',
    store,
    '--json',
  ]
  const started = startOn(processor, line, { pipeOutput: true, ...(scratch === undefined ? {} : { scratch }) })
  const said = await Promise.race([linesOf(started).next(), started.exited])
  if (!('value' in said) || typeof said.value !== 'string') throw new Error(`no collector: ${started.errorTail()}`)
  const where: { readonly url?: string } = JSON.parse(said.value)
  if (where.url === undefined) throw new Error(`no collector: ${said.value}`)
  return { process: started, url: where.url }
}

/** A command, on that one processor where one is named. */
export function startOn(
  processor: number | undefined,
  line: readonly string[],
  options: Parameters<typeof startProcess>[2],
): ManagedProcess {
  const [name = '', ...args] = processor === undefined ? line : ['taskset', '-c', String(processor), ...line]
  return startProcess(name, args, options)
}

/** What a process started with `pipeOutput` says, line by line. */
export function linesOf({ child }: ManagedProcess): AsyncIterator<string> {
  const { stdout } = child
  if (stdout === null) throw new Error('it was started with a pipe')
  return createInterface(stdout)[Symbol.asyncIterator]()
}
