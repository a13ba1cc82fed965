/**
 * The promises a device can be held to (docs/MODEL.md, "Contracts"), and how a person writes them down:
 * `volatile`, `write-through`, `ordered`, `virtio-strict`, each optionally followed by `,atomic=N`.
 */
import { ProbeError } from './errors.ts'
import { parseSize } from './size.ts'
import { SECTOR_BYTES } from './units.ts'

/** Base contracts, strongest first. */
export const CONTRACT_NAMES = ['write-through', 'ordered', 'volatile', 'virtio-strict'] as const
export type ContractName = (typeof CONTRACT_NAMES)[number]

export interface Contract {
  readonly name: ContractName
  /** Bytes up to which a write that crosses no boundary of that size is all or nothing. */
  readonly atomicBytes?: number
}

/** `volatile,atomic=4k` → contract; throws BAD_OPTION naming what it takes. */
export function parseContract(text: string): Contract {
  let name: ContractName | undefined
  let atomicBytes: number | undefined
  for (const part of text.split(',')) {
    const known = CONTRACT_NAMES.find((candidate) => candidate === part)
    if (known !== undefined && name === undefined) name = known
    else if (part.startsWith('atomic=') && atomicBytes === undefined) atomicBytes = parseAtomic(part.slice(7))
    else throw badContract(text)
  }
  const base = name ?? 'volatile'
  return atomicBytes === undefined ? { name: base } : { name: base, atomicBytes }
}

function parseAtomic(text: string): number {
  const bytes = parseSize(text, 'atomic')
  if (bytes < 512 || bytes % 512 !== 0)
    throw new ProbeError('BAD_OPTION', `atomic=${text} must be a multiple of 512 bytes`)
  return bytes
}

function badContract(text: string): ProbeError {
  return new ProbeError(
    'BAD_OPTION',
    `--contract ${JSON.stringify(text)} is not known; it takes one of ${CONTRACT_NAMES.join(', ')}, optionally with atomic=N, as in volatile,atomic=4k`,
  )
}

/** The contract as it is written on the command line. */
export const formatContract = (contract: Contract): string =>
  contract.atomicBytes === undefined ? contract.name : `${contract.name},atomic=${contract.atomicBytes}`

/** Whether the contract makes a write of that place and length all or nothing. Sectors of 512 bytes. */
export function isAtomic({ atomicBytes }: Contract, lba: number, sectors: number): boolean {
  if (atomicBytes === undefined) return false
  const unitSectors = atomicBytes / SECTOR_BYTES
  return Math.floor(lba / unitSectors) === Math.floor((lba + sectors - 1) / unitSectors)
}
