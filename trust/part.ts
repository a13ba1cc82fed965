/** One part of the case for the judge: what it runs, what it leaves as data, and how the page tells of it. */
import type { Command } from 'commander'

export interface TrustPart {
  /** Names the command, and docs/trust/NAME.json with what it measured. */
  readonly name: string
  command(): Command
  /** The part of docs/TRUST.md, made from that data alone: a heading of level two and what follows it. */
  section(data: unknown): string
}
