/** A cpio archive as the kernel unpacks it (format newc, Documentation/driver-api/early-userspace/buffer-format): all owned by root, no times. */
import { closeSync, openSync, writeSync } from 'node:fs'

export type Entry = { readonly path: string } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly to: string }
  | { readonly kind: 'file'; readonly bytes: () => Uint8Array; readonly executable?: boolean }
)

const MODES = { folder: 0o040755, link: 0o120777, file: 0o100644, executable: 0o100755 } as const
const NO_BYTES = new Uint8Array()
const ALIGNMENT = 4
const TRAILER = 'TRAILER!!!'

/** Writes the archive. Folders that entries lie in are made by themselves; paths are absolute. */
export function writeArchive(file: string, entries: readonly Entry[]): void {
  const fd = openSync(file, 'wx', 0o644)
  try {
    let inode = 0
    for (const entry of [...foldersOf(entries), ...entries]) {
      const data = dataOf(entry)
      writeAll(fd, [header(++inode, entry.path.slice(1), modeOf(entry), data.length), data, padding(data.length)])
    }
    writeAll(fd, [header(0, TRAILER, 0, 0)])
  } finally {
    closeSync(fd)
  }
}

function foldersOf(entries: readonly Entry[]): readonly Entry[] {
  const given = new Set(entries.filter(({ kind }) => kind === 'folder').map(({ path }) => path))
  const needed = new Set<string>()
  for (const { path } of entries)
    for (let at = path.indexOf('/', 1); at > 0; at = path.indexOf('/', at + 1)) needed.add(path.slice(0, at))
  return [...needed].filter((path) => !given.has(path)).map((path) => ({ path, kind: 'folder' }))
}

function modeOf(entry: Entry): number {
  return entry.kind === 'file' && entry.executable === true ? MODES.executable : MODES[entry.kind]
}

function dataOf(entry: Entry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes()
  return entry.kind === 'link' ? Buffer.from(entry.to) : NO_BYTES
}

/** "070701" and 13 fields of eight hexadecimal digits, then the name. */
function header(inode: number, name: string, mode: number, size: number): Buffer {
  const nameBytes = Buffer.from(`${name}\0`)
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, nameBytes.length, 0]
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  const bytes = Buffer.concat([Buffer.from(text), nameBytes])
  return Buffer.concat([bytes, padding(bytes.length)])
}

const padding = (length: number): Buffer => Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT)

function writeAll(fd: number, parts: readonly Uint8Array[]): void {
  for (const part of parts) for (let at = 0; at < part.length;) at += writeSync(fd, part, at)
}
