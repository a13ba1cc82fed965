/** The last lines of a guest's console, from the file that QEMU writes it to; for messages. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { errnoOf } from '../../core/errors.ts'

const TAIL_BYTES = 8192
const LAST_LINES = 6
// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001B\[[\d;?]*[A-Za-z]/g
const UNPRINTABLE = /[^\t\u0020-\u007E\u00A0-\uFFFF]/g

/** One line a line, joined by ` | `; empty where the guest has said nothing or there is no such file yet. */
export const consoleTail = (path: string): string => lastLinesOf(tailOf(path))

/** The last lines of what a terminal would show; and the line that names a panic, which its stack trace pushes out of them. */
export function lastLinesOf(text: string): string {
  const lines = text
    .replaceAll(ESCAPES, '')
    .split('\n')
    .map(overwritten)
    .filter((line) => line !== '')
  const from = Math.max(0, lines.length - LAST_LINES)
  const panic = lines.slice(0, from).findLast((line) => line.includes('Kernel panic'))
  return [...(panic === undefined ? [] : [panic, '…']), ...lines.slice(from)].join(' | ')
}

/** What is left on a line that was written over from its beginning, as progress is. */
const overwritten = (line: string): string =>
  line
    .split('\r')
    .map((part) => part.replaceAll(UNPRINTABLE, '').trim())
    .findLast((part) => part !== '') ?? ''

function tailOf(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const { size } = fstatSync(file)
      const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES))
      const read = readSync(file, bytes, 0, bytes.length, size - bytes.length)
      return bytes.toString('utf8', 0, read)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    return ''
  }
}
