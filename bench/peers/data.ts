/** What the benchmark measured: docs/bench/peers.json, from which docs/PEERS.md is made. */
import { readFileSync } from 'node:fs'
import { ProbeError } from '../../src/core/errors.ts'
import type { Score } from './score.ts'
import type { Setting } from './tool.ts'

export const PEERS_SCHEMA = 'plugpull.peers/1'

/** What an honest disk was charged with: one run, one cut, nothing damaged. */
export interface HonestTrial {
  readonly repeat: number
  readonly word: string
  /** Everything held against it; all of it is wrong. */
  readonly says: Readonly<Record<string, number>>
  /** From the device's own log. */
  readonly writes: number
  readonly flushes: number
  readonly writesAtRisk: number
  readonly said?: string
  readonly ms: number
}

export interface FaultTrial extends Score {
  readonly repeat: number
  readonly fault: string
}

export interface Row {
  readonly name: string
  readonly version: string
  readonly setting: Setting
  readonly fate: string
  readonly commands: readonly string[]
  readonly honest: readonly HonestTrial[]
  readonly faults: readonly FaultTrial[]
  /** Trials that came to no end, and why. */
  readonly problems: readonly string[]
}

/** A tool that did not run, why, and where it would have. */
export interface Absent {
  readonly name: string
  readonly why: string
  readonly settings: readonly Setting[]
}

export interface PeersData {
  readonly schema: typeof PEERS_SCHEMA
  readonly command: string
  readonly at: string
  readonly seed: string
  readonly repeats: number
  readonly machine: Readonly<Record<string, string>>
  readonly faults: readonly string[]
  readonly rows: readonly Row[]
  readonly absent: readonly Absent[]
}

/** Reads a file that the benchmark wrote. */
export function readPeers(path: string): PeersData {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (isPeers(parsed)) return parsed
  throw new ProbeError('BAD_OPTION', `${path} is not of schema ${PEERS_SCHEMA}`)
}

const isPeers = (parsed: unknown): parsed is PeersData =>
  typeof parsed === 'object' && parsed !== null && 'schema' in parsed && parsed.schema === PEERS_SCHEMA
