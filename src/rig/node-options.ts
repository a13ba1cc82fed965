/**
 * Options of QEMU's qcow2 driver that decide how much metadata waits in memory, hence what a killed QEMU can lose. The same words
 * for every rig in which we open the image ourselves.
 */
import { type OptionSpec, type RawOptions, wholeOf } from '../core/agent-options.ts'
import { ProbeError } from '../core/errors.ts'
import { parseSize } from '../core/size.ts'
import type { NodeOption } from '../io/storage-daemon.ts'

/** For `RigKind.options`. */
export const QCOW2_OPTIONS: readonly OptionSpec[] = [
  { flags: '--l2-cache-size <size>', description: "qcow2: memory for mapping tables (default: QEMU's own choice)" },
  {
    flags: '--cache-clean-interval <seconds>',
    description: "qcow2: drop clean tables that were not used for so long (default: QEMU's, 600)",
  },
]

const INTERVAL_SECONDS_MAX = 86_400
/** Below two tables of the smallest size QEMU does not open the image. */
const L2_CACHE_BYTES_MIN = 1024

/** The options as QEMU names them; empty where none was given. Throws BAD_OPTION. */
export function qcow2Options(raw: RawOptions = {}): Readonly<Record<string, NodeOption>> {
  const { l2CacheSize: size, cacheCleanInterval: interval } = raw
  return {
    ...(typeof size === 'string' ? { 'l2-cache-size': cacheBytes(size) } : {}),
    ...(typeof interval === 'string'
      ? { 'cache-clean-interval': wholeOf(interval, '--cache-clean-interval', INTERVAL_SECONDS_MAX) }
      : {}),
  }
}

/** The same for an image of that format. Throws BAD_OPTION where it has no such tables. */
export function nodeOptionsOf(format: 'raw' | 'qcow2', raw?: RawOptions): Readonly<Record<string, NodeOption>> {
  const options = qcow2Options(raw)
  if (format === 'raw' && Object.keys(options).length > 0)
    throw new ProbeError(
      'BAD_OPTION',
      `--image raw has no tables for --${Object.keys(options).join(' and --')} to keep; choose a qcow2 image`,
    )
  return options
}

function cacheBytes(text: string): number {
  const bytes = parseSize(text, '--l2-cache-size')
  if (bytes < L2_CACHE_BYTES_MIN)
    throw new ProbeError('BAD_OPTION', `--l2-cache-size got ${JSON.stringify(text)}; it takes a size from 1k`)
  return bytes
}
