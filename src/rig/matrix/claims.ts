/**
 * What the documents claim about a cell of the matrix, and what the cell's cycles say about it. Pure.
 *
 * Two kinds of claim. "Never" can be contradicted by one cycle, and is otherwise only consistent with what was seen, below a
 * bound. "Happens" is shown by one cycle, and can never be contradicted: what was not seen may be rare. A cell whose liar was
 * not caught proves nothing by what it did not see.
 */
import type { Proportion } from '../../core/statistics.ts'
import { type Cell, ORDERLY_CUTS } from './cell.ts'

/** Fewer cycles exclude nothing: 3/n is not below 1. */
const CYCLES_MIN = 4

export type Happening = 'violation' | 'lost' | 'torn'

export interface Claim {
  readonly text: string
  /** Who says so. */
  readonly source: string
  readonly kind: 'never' | 'happens'
  readonly what: Happening
}

export type ClaimWord = 'consistent with' | 'contradicts' | 'cannot tell'

/** A claim held against a cell. */
export interface Judgement {
  readonly claim: Claim
  readonly word: ClaimWord
  /** `0 of 20: below 13.9 %`, or why nothing can be told. */
  readonly evidence: string
}

/** What of a cell a claim is held against. */
export interface Measured {
  readonly rates: Readonly<Record<Happening, Proportion>>
  /** Of the cell that differs from this one by having no subclusters, where there is one. */
  readonly tornWithout?: Proportion
  /** False where the cell's liar was not caught. */
  readonly trusted: boolean
}

const MODES = 'QEMU, SUSE and Proxmox on cache modes'
const METADATA = 'Blockbridge, "Demystifying QEMU cache=none"'

const SAFE_IF_FLUSHED: Claim = {
  text: 'safe if the guest flushes: nothing flushed is lost',
  source: MODES,
  kind: 'never',
  what: 'violation',
}
const COMPLETE_IS_STABLE: Claim = {
  text: 'a write that is complete is stable: none is lost',
  source: MODES,
  kind: 'never',
  what: 'violation',
}
const FLUSH_IGNORED: Claim = {
  text: 'no promise at all: flushes are ignored, so losing the host loses flushed data',
  source: MODES,
  kind: 'happens',
  what: 'violation',
}
const UNFLUSHED_LOST: Claim = {
  text: 'what is complete and not flushed can be lost with the host',
  source: MODES,
  kind: 'happens',
  what: 'lost',
}
const METADATA_LOST: Claim = {
  text: 'QCOW2 metadata waits in memory: a killed QEMU loses complete writes that were not flushed',
  source: METADATA,
  kind: 'happens',
  what: 'lost',
}
const SUBCLUSTERS_TEAR: Claim = {
  text: 'subclusters make a single write tear',
  source: METADATA,
  kind: 'happens',
  what: 'torn',
}
const RAW_KEEPS: Claim = {
  text: 'a raw image has no metadata to lose: a killed QEMU loses nothing complete',
  source: METADATA,
  kind: 'never',
  what: 'lost',
}
const ORDERLY_KEEPS: Claim = {
  text: 'a QEMU that ends in good order writes its metadata back: nothing complete is lost',
  source: METADATA,
  kind: 'never',
  what: 'lost',
}

/** The claims about a cell, the cache mode's first. */
export function claimsOn({ cache, image, cut }: Cell): readonly Claim[] {
  const isOrderly = ORDERLY_CUTS.includes(cut)
  const isSafe = cache === 'none' || cache === 'writeback'
  const isWriteThrough = cache === 'writethrough' || cache === 'directsync'
  const claims: Claim[] = []
  if (isSafe) claims.push(SAFE_IF_FLUSHED)
  if (isWriteThrough) claims.push(COMPLETE_IS_STABLE)
  if (cut === 'host-power') {
    if (cache === 'unsafe') claims.push(FLUSH_IGNORED)
    if (isSafe) claims.push(UNFLUSHED_LOST)
  }
  if (isOrderly) claims.push(ORDERLY_KEEPS)
  if (cut === 'sigkill') claims.push(...onAKill(image, isWriteThrough))
  return claims
}

function onAKill(image: Cell['image'], isWriteThrough: boolean): readonly Claim[] {
  if (image === 'raw') return [RAW_KEEPS]
  if (isWriteThrough) return []
  return image.includes('extl2') ? [METADATA_LOST, SUBCLUSTERS_TEAR] : [METADATA_LOST]
}

/** Holds each claim on the cell against what was measured. */
export const judgeClaims = (cell: Cell, measured: Measured): readonly Judgement[] =>
  claimsOn(cell).map((claim) => ({ claim, ...wordOn(claim, measured) }))

function wordOn(claim: Claim, measured: Measured): Omit<Judgement, 'claim'> {
  const { kind, what } = claim
  const { rates, trusted } = measured
  const rate = rates[what]
  if (claim === SUBCLUSTERS_TEAR && rate.count > 0) return wordOnSubclusters(rate, measured.tornWithout)
  if (rate.count > 0) return { word: kind === 'never' ? 'contradicts' : 'consistent with', evidence: rate.text }
  if (kind === 'happens') return { word: 'cannot tell', evidence: `not seen, ${rate.text}` }
  if (!trusted) return { word: 'cannot tell', evidence: 'the liar was not caught' }
  return { word: rate.of < CYCLES_MIN ? 'cannot tell' : 'consistent with', evidence: rate.text }
}

/**
 * A write that crosses clusters tears in any image, and where a tear stood is not kept. So it is subclusters that tear only as far as
 * the same image without them tears more seldom, by more than chance.
 */
function wordOnSubclusters(torn: Proportion, without: Proportion | undefined): Omit<Judgement, 'claim'> {
  if (without === undefined || without.of === 0)
    return {
      word: 'cannot tell',
      evidence: `${torn.text}; perhaps where writes cross clusters: the image without subclusters was not measured`,
    }
  const evidence = `${torn.text}; without subclusters ${without.text}`
  return torn.low > without.high ? { word: 'consistent with', evidence } : { word: 'cannot tell', evidence }
}
