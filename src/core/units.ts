/**
 * The quantities of the product as types of their own, with one checked constructor each.
 * An address, a count and a size cannot be mixed up by accident; at run time they are plain numbers.
 */
import assert from 'node:assert/strict'

declare const unit: unique symbol
type Branded<Name extends string> = number & { readonly [unit]: Name }

/** Logical block address in 512-byte sectors from the start of the target. */
export type Lba = Branded<'Lba'>
/** A number of 512-byte sectors. */
export type SectorCount = Branded<'SectorCount'>
/** A number of bytes. */
export type ByteCount = Branded<'ByteCount'>
/** Writes are numbered 1, 2, 3 … in the order of the plan; 0 is the formatted baseline. */
export type WriteId = Branded<'WriteId'>

/** Bytes in a sector, the unit of every address and of every stamp. */
export const SECTOR_BYTES = 512
/** The write number that stands for the formatted baseline. */
export const BASELINE_WRITE = 0 as WriteId
/** Largest write number: positions and numbers of writes are kept in 32 bits. */
export const WRITE_ID_MAX = 0xffff_fff0

function whole(value: number, what: string): number {
  // Every planned write passes here several times: the message is made only where it is needed.
  if (Number.isSafeInteger(value) && value >= 0) return value
  assert.fail(`${what} must be a whole number from 0, got ${value}`)
}

/** An address in sectors; throws on anything but a safe integer from 0. */
export const lba = (value: number): Lba => whole(value, 'LBA') as Lba
/** A length in sectors; throws on anything but a safe integer from 0. */
export const sectorCount = (value: number): SectorCount => whole(value, 'sector count') as SectorCount
/** A length in bytes; throws on anything but a safe integer from 0. */
export const byteCount = (value: number): ByteCount => whole(value, 'byte count') as ByteCount

/** Sectors to bytes. */
export const bytesOf = (sectors: number): ByteCount => byteCount(sectors * SECTOR_BYTES)
