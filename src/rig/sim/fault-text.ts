/** Faults as people ask for them: `NAME[@PLACE][:RATE][:k=N]`, as in `drop-flush:0.1` or `flip-bit@4096+8`. */
import { ProbeError } from '../../core/errors.ts'
import { FAULT_KINDS, FAULTS, type FaultKind, type FaultSpec, type PlaceKind } from './fault.ts'

/** How a place of each kind is written. */
const PLACE_FORMS: Readonly<Record<PlaceKind, string>> = {
  write: 'wN (a write)',
  flush: 'fN (a flush)',
  sectors: 'LBA+SECTORS',
}

/** What the help says about it. */
export const FAULT_SYNTAX =
  'NAME[@PLACE][:RATE]: drop-flush:0.1 (a tenth of the flushes), drop-flush@f3 (flush 3), misdirect@w17 (write 17), flip-bit@4096+8 (in 8 sectors from 4096), drop-every-kth-flush:k=4'

/** Reads a fault of one of those kinds; throws BAD_OPTION that says what it takes. */
export function parseFault(text: string, kinds: readonly FaultKind[] = FAULT_KINDS): FaultSpec {
  const [head = '', ...parts] = text.split(':')
  const [name = '', place, ...more] = head.split('@')
  const kind = kinds.find((known) => known === name)
  if (kind === undefined || more.length > 0) throw refused(text, `${FAULT_SYNTAX}; NAME is one of ${kinds.join(', ')}`)
  const where = place === undefined ? {} : placeOf(text, kind, place)
  return parts.reduce<FaultSpec>((spec, part) => joined(text, spec, partOf(text, kind, part)), { kind, ...where })
}

/** Nothing is said twice: one of the two would be ignored. */
function joined(text: string, spec: FaultSpec, part: Partial<FaultSpec>): FaultSpec {
  if (part.rate !== undefined && spec.rate !== undefined) throw refused(text, `for ${spec.kind} one rate, not two`)
  if (part.every !== undefined && spec.every !== undefined) throw refused(text, `for ${spec.kind} one k=N, not two`)
  return { ...spec, ...part }
}

const refused = (text: string, takes: string): ProbeError =>
  new ProbeError('BAD_OPTION', `--fault got ${JSON.stringify(text)}; it takes ${takes}`)

function placeOf(text: string, kind: FaultKind, place: string): Pick<FaultSpec, 'at' | 'where'> {
  const { places } = FAULTS[kind]
  const [, letter, number = ''] = /^([wf])([1-9]\d{0,9})$/.exec(place) ?? []
  if (letter === 'w' && places.includes('write')) return { at: Number(number) }
  if (letter === 'f' && places.includes('flush')) return { at: Number(number) }
  const [, lba = '', sectors = ''] = /^(\d{1,12})\+([1-9]\d{0,9})$/.exec(place) ?? []
  if (lba !== '' && places.includes('sectors')) return { where: { lba: Number(lba), sectors: Number(sectors) } }
  throw refused(text, `for ${kind} a place @${places.map((form) => PLACE_FORMS[form]).join(' or @')}`)
}

function partOf(text: string, kind: FaultKind, part: string): Pick<FaultSpec, 'rate' | 'times' | 'every'> {
  const [, every] = /^k=([1-9]\d{0,8})$/.exec(part) ?? []
  if (every !== undefined && kind === 'drop-every-kth-flush') return { every: Number(every) }
  const rate = /^(\d+(\.\d+)?|\.\d+)$/.test(part) ? Number(part) : Number.NaN
  if (rate > 0 && rate <= 1) return { rate, times: Number.POSITIVE_INFINITY }
  const count = kind === 'drop-every-kth-flush' ? ', and k=N: every so many-th flush' : ''
  throw refused(text, `for ${kind} a rate above 0 and up to 1, at each ${FAULTS[kind].chance}${count}`)
}
