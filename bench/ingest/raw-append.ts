/** The peer: raw-append.js FILE BYTES BATCH appends so many bytes to a new file, an fdatasync after each batch, and prints the seconds. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { randomFillSync } from 'node:crypto'

const [file = '', ...numbers] = process.argv.slice(2)
const [bytes = 0, batch = 0] = numbers.map(Number)
const buffer = randomFillSync(Buffer.alloc(batch))
const fd = openSync(file, 'wx')
const started = performance.now()
for (let left = bytes; left > 0; left -= batch) {
  for (let at = 0, end = Math.min(batch, left); at < end;) at += writeSync(fd, buffer, at, end - at)
  fdatasyncSync(fd)
}
const seconds = (performance.now() - started) / 1000
closeSync(fd)
process.stdout.write(`${JSON.stringify({ seconds })}\n`)
