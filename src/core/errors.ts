/**
 * The one registry of operating errors: a stable code, the exit status it ends the program with, and what it means.
 * docs/ERRORS.md lists the same codes; a test keeps the two equal. Programmer errors are assertions, not codes.
 */

/** Exit statuses of the program (docs/ERRORS.md). */
export const EXIT = {
  held: 0,
  violation: 10,
  inconclusive: 11,
  usage: 64,
  unavailable: 69,
  internal: 70,
  io: 74,
  refused: 77,
  interrupted: 130,
} as const

/** Every operating error, with its exit status and meaning. */
export const ERRORS = {
  BAD_OPTION: { exit: EXIT.usage, meaning: 'an option or its value is not one that the command takes' },
  BAD_SCRIPT: { exit: EXIT.usage, meaning: 'the text of --script does not parse, or leaves the region' },
  REGION_UNALIGNED: {
    exit: EXIT.usage,
    meaning: "region or write size is not a multiple of the target's logical block",
  },
  RUN_UNKNOWN: { exit: EXIT.usage, meaning: 'the collector has no run of that id' },
  CAMPAIGN_UNKNOWN: { exit: EXIT.usage, meaning: 'the collector has no campaign of that name' },
  LOG_MISSING: { exit: EXIT.usage, meaning: 'the log file is not there or cannot be opened' },
  LOG_EXISTS: { exit: EXIT.usage, meaning: 'the log file for a new run exists already' },
  LOG_UNREADABLE: {
    exit: EXIT.usage,
    meaning: 'the log does not begin with an intact header: nothing in it can be used',
  },
  LOG_PRUNED: { exit: EXIT.usage, meaning: 'the log of the run was pruned; its verdicts are kept' },
  LOG_VERSION: { exit: EXIT.usage, meaning: 'the log was written in a format version that this program does not read' },
  EXPORT_UNREADABLE: {
    exit: EXIT.usage,
    meaning: 'the file to import is not a whole export: the message names the line',
  },
  IMPORT_CONFLICT: {
    exit: EXIT.usage,
    meaning: 'some runs are there with other content and were not imported; the rest was',
  },
  TARGET_MISMATCH: { exit: EXIT.usage, meaning: 'the target is evidently not the one that the log speaks of' },
  COLLECTOR_UNREACHABLE: { exit: EXIT.unavailable, meaning: 'the collector does not answer' },
  COLLECTOR_REFUSED: { exit: EXIT.unavailable, meaning: 'the collector answered and refused the request' },
  COLLECTOR_UNTRUSTED: {
    exit: EXIT.unavailable,
    meaning: "the collector's certificate is not trusted, or it does not speak TLS",
  },
  COLLECTOR_PORT: { exit: EXIT.unavailable, meaning: 'the collector cannot listen on the address given' },
  STORE_UNAVAILABLE: { exit: EXIT.unavailable, meaning: "the collector's store cannot be opened or written" },
  STORE_FULL: {
    exit: EXIT.unavailable,
    meaning: "the collector's store has no room left; all it acknowledged is intact",
  },
  STORE_VERSION: { exit: EXIT.unavailable, meaning: 'the store was written by a newer version of the program' },
  RIG_UNAVAILABLE: { exit: EXIT.unavailable, meaning: 'the rig lacks a program, a privilege or a device' },
  RIG_FAILED: { exit: EXIT.unavailable, meaning: 'a part of the rig did not start, or died before the cut' },
  TIMED_OUT: { exit: EXIT.unavailable, meaning: 'a wait reached its limit' },
  TARGET_MISSING: { exit: EXIT.refused, meaning: 'there is no such target' },
  TARGET_KIND: { exit: EXIT.refused, meaning: 'the target is neither a block device nor a regular file' },
  TARGET_DENIED: { exit: EXIT.refused, meaning: 'the target cannot be opened with the rights of this user' },
  TARGET_READ_ONLY: { exit: EXIT.refused, meaning: 'the target cannot be written' },
  TARGET_TOO_SMALL: { exit: EXIT.refused, meaning: 'the target does not hold the region' },
  TARGET_SPARSE_FULL: { exit: EXIT.refused, meaning: 'the file is not allocated and its file system lacks the room' },
  TARGET_MOUNTED: { exit: EXIT.refused, meaning: 'the target or a part of it is mounted or swapped on: never written' },
  TARGET_IN_USE: {
    exit: EXIT.refused,
    meaning: 'somebody else holds the target open exclusively, or it backs another device',
  },
  TARGET_CARRIES_DATA: { exit: EXIT.refused, meaning: 'the target carries a signature of data that somebody may want' },
  TARGET_UNCHECKED: {
    exit: EXIT.refused,
    meaning: 'the program that recognises signatures is not there, so the target could not be checked',
  },
  TARGET_IO: { exit: EXIT.io, meaning: 'the target failed a read, write or flush' },
  LOG_IO: { exit: EXIT.io, meaning: 'the log file cannot be written' },
  OUTPUT_IO: { exit: EXIT.io, meaning: 'a result cannot be written where it was asked for' },
  INTERRUPTED: { exit: EXIT.interrupted, meaning: 'stopped by Ctrl-C or SIGTERM' },
  INTERNAL: { exit: EXIT.internal, meaning: 'a fault in this program: please report it' },
} as const satisfies Record<string, { readonly exit: number; readonly meaning: string }>

export type ErrorCode = keyof typeof ERRORS

/** An operating error: what happened, to what, and the way out. Rendered as one message, never as a stack trace. */
export class ProbeError extends Error {
  readonly code: ErrorCode
  /** The command printed its result before it failed: with --json no second document follows. */
  readonly isReported: boolean

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; isReported?: boolean }) {
    super(message, options)
    this.name = 'ProbeError'
    this.code = code
    this.isReported = options?.isReported === true
  }

  /** Exit status of the program when this error ends it. */
  get exitStatus(): number {
    return ERRORS[this.code].exit
  }
}

/** The message of anything thrown, for embedding in another message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The errno name (`ENOSPC`, …) of a thrown system error, or `undefined`. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined
}
