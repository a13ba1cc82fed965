/** Whether a collector has a log whole: read back, and held against the digest of what was sent. */
import { createHash } from 'node:crypto'
import type { CollectorClient } from '../src/io/collector-client.ts'

export interface SentLog {
  readonly run: string
  readonly bytes: number
  /** Hexadecimal, of what was sent. */
  readonly sha256: string
}

export async function isIntact(client: CollectorClient, { run, bytes, sha256 }: SentLog): Promise<boolean> {
  const digest = createHash('sha256')
  let read = 0
  for await (const piece of client.readLog(run)) {
    digest.update(piece)
    read += piece.length
  }
  return read === bytes && digest.digest('hex') === sha256
}
