/**
 * A reader of write logs: every write that a block device was given, in order. The kernel's device mapper target log-writes and QEMU's
 * driver blklogwrites write the same format (Documentation/admin-guide/device-mapper/log-writes, block/blklogwrites.c):
 *
 * One sector of head: magic, version, number of entries (64 bits each), size of a sector (32 bits). Then entry after entry: one sector
 * with address, length, flags and length of a note (64 bits each), and where it writes data, that data. Little endian throughout;
 * addresses and lengths count sectors of the size in the head.
 *
 * The head's count is written at flushes (QEMU) or at FUA writes and marks (kernel), so a log that ended in a cut has more entries than it
 * counts. They are read on, up to the first that cannot be one; on a log device that was empty before, that is where the log ends.
 */
import { ProbeError } from './errors.ts'
import { SECTOR_BYTES } from './units.ts'

const MAGIC = 0x6a_7366_7773_6872n
const VERSION = 1n
const FLAGS = { flush: 1, fua: 2, discard: 4, mark: 8, metadata: 16 } as const
const FLAGS_KNOWN = Object.values(FLAGS).reduce((all, flag) => all | flag, 0)
const ENTRY_BYTES = 32
const LOG_SECTOR_BYTES_MAX = 1 << 23

/** One request, in the order in which the device had done them. */
export interface WriteLogEntry {
  /** A `flush` has no sectors, a `mark` neither. */
  readonly kind: 'write' | 'flush' | 'discard' | 'mark'
  /** In sectors of 512 bytes. */
  readonly lba: number
  readonly sectors: number
  /** A write that follows a flush of its own. */
  readonly preflush: boolean
  readonly fua: boolean
  /** Where its data begin in the log; only of a write. */
  readonly dataAt: number
  /** What a mark says. */
  readonly note: string
}

export interface WriteLog {
  readonly sectorBytes: number
  readonly entries: readonly WriteLogEntry[]
  /** Entries that the head vouches for. */
  readonly counted: number
}

/** Gives `length` bytes of the log from `offset` on; fewer only where it ends. */
export type ReadLog = (offset: number, length: number) => Uint8Array

/** Reads a log. Throws LOG_UNREADABLE where it has no head or ends before what its head counts, and LOG_VERSION. */
export function decodeWriteLog(read: ReadLog, sizeBytes: number): WriteLog {
  const { sectorBytes, counted } = headOf(read)
  const entries: WriteLogEntry[] = []
  for (let at = sectorBytes; at + sectorBytes <= sizeBytes;) {
    const entry = entryOf(read(at, sectorBytes), at, sectorBytes)
    if (entry === undefined) break
    const end = at + sectorBytes + (entry.kind === 'write' ? entry.sectors * SECTOR_BYTES : 0)
    if (end > sizeBytes) break
    entries.push(entry)
    at = end
  }
  if (entries.length < counted)
    throw new ProbeError(
      'LOG_UNREADABLE',
      `the write log counts ${counted} entries and has ${entries.length}: it is cut short or damaged; take a whole copy of it`,
    )
  return { sectorBytes, entries, counted }
}

function headOf(read: ReadLog): { readonly sectorBytes: number; readonly counted: number } {
  const bytes = read(0, SECTOR_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < ENTRY_BYTES || view.getBigUint64(0, true) !== MAGIC)
    throw new ProbeError(
      'LOG_UNREADABLE',
      'this is no write log: it does not begin with the mark of one; give what dm-log-writes or blklogwrites wrote',
    )
  const version = view.getBigUint64(8, true)
  if (version !== VERSION)
    throw new ProbeError('LOG_VERSION', `the write log is of version ${version}; this program reads version ${VERSION}`)
  const sectorBytes = view.getUint32(24, true)
  if (sectorBytes === 0 || sectorBytes % SECTOR_BYTES !== 0 || sectorBytes > LOG_SECTOR_BYTES_MAX)
    throw new ProbeError('LOG_UNREADABLE', `the write log has sectors of ${sectorBytes} bytes, which no device has`)
  return { sectorBytes, counted: Number(view.getBigUint64(16, true)) }
}

/** The entry, or `undefined` where these bytes are none. */
function entryOf(bytes: Uint8Array, at: number, sectorBytes: number): WriteLogEntry | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [address = 0, length = 0, flags = 0, noteBytes = 0] = [0, 8, 16, 24].map((field) =>
    Number(view.getBigUint64(field, true)),
  )
  const units = sectorBytes / SECTOR_BYTES
  const isPossible =
    Number.isSafeInteger((address + length) * sectorBytes) &&
    flags <= FLAGS_KNOWN &&
    noteBytes <= sectorBytes - ENTRY_BYTES &&
    (flags !== 0 || length !== 0)
  if (!isPossible) return undefined
  const kind = kindOf(flags, length)
  const place = { kind, lba: address * units, sectors: length * units }
  if (kind === 'write')
    return {
      ...place,
      preflush: (flags & FLAGS.flush) !== 0,
      fua: (flags & FLAGS.fua) !== 0,
      dataAt: at + sectorBytes,
      note: '',
    }
  const note = new TextDecoder().decode(bytes.subarray(ENTRY_BYTES, ENTRY_BYTES + noteBytes))
  return { ...place, preflush: false, fua: false, dataAt: 0, note: kind === 'mark' ? note : '' }
}

function kindOf(flags: number, length: number): WriteLogEntry['kind'] {
  if ((flags & FLAGS.mark) !== 0) return 'mark'
  if ((flags & FLAGS.discard) !== 0) return 'discard'
  return length === 0 ? 'flush' : 'write'
}
