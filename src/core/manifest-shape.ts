/**
 * Whether a parsed document is a manifest, and which field is not as it should be. Additions are welcome; what is known must
 * be of its type. Whether the parameters make a plan is for the plan to say.
 */
import { isDeeperThan } from './depth.ts'
import { MANIFEST_SCHEMA, type Manifest } from './manifest.ts'

/** What is wrong with a value at a place, if anything. */
type Part = (value: unknown, at: string) => string | undefined

/** Of a manifest that comes from elsewhere: what it may take of everybody's store and views. */
const LABELS_MAX = 64
const LABEL_NAME_LENGTH_MAX = 100
const TEXT_LENGTH_MAX = 1000
const PATH_LENGTH_MAX = 4096
const SCRIPT_LENGTH_MAX = 1 << 20
const DEPTH_MAX = 32

const KEY = /^[0-9a-f]{16}$/

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const part =
  (is: (value: unknown) => boolean, wanted: string): Part =>
  (value, at) =>
    is(value) ? undefined : `${at} must be ${wanted}, got ${brief(value)}`

const optional =
  (of: Part): Part =>
  (value, at) =>
    value === undefined ? undefined : of(value, at)

const optionals = (parts: Readonly<Record<string, Part>>): Readonly<Record<string, Part>> =>
  Object.fromEntries(Object.entries(parts).map(([name, of]) => [name, optional(of)]))

const oneOf = (...words: readonly string[]): Part =>
  part((value) => typeof value === 'string' && words.includes(value), words.join(' or '))

const shaped =
  (shape: Readonly<Record<string, Part>>): Part =>
  (value, at) => {
    if (!isObject(value)) return `${at} must be an object, got ${brief(value)}`
    for (const [name, of] of Object.entries(shape)) {
      const fault = of(value[name], `${at}/${name}`)
      if (fault !== undefined) return fault
    }
    return undefined
  }

const key = part((value) => typeof value === 'string' && KEY.test(value), '16 hexadecimal digits')
const count = part((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number from 0 to 2^53 - 1')
const amount = part((value) => Number.isFinite(value) && Number(value) >= 0, 'a number from 0')
const truth = part((value) => typeof value === 'boolean', 'true or false')

const CADENCES: Readonly<Record<string, Part>> = {
  writes: shaped({ every: count }),
  interval: shaped({ ms: amount }),
  never: shaped({}),
  workload: shaped({}),
}

const cadence: Part = (value, at) => {
  const kind = isObject(value) ? value['kind'] : undefined
  const of = typeof kind === 'string' && Object.hasOwn(CADENCES, kind) ? CADENCES[kind] : undefined
  return of === undefined ? shaped({ kind: oneOf(...Object.keys(CADENCES)) })(value, at) : of(value, at)
}

type Text = (max?: number) => Part

/** `bounded`: with the limits for what comes from elsewhere. */
const textOf =
  (bounded: boolean): Text =>
  (max = TEXT_LENGTH_MAX) =>
    part(
      (value) => typeof value === 'string' && (!bounded || value.length <= max),
      `a text of at most ${max} characters`,
    )

const labelsOf =
  (bounded: boolean): Part =>
  (labels, at) => {
    if (!isObject(labels)) return `${at} must be an object, got ${brief(labels)}`
    const names = Object.keys(labels)
    if (bounded && names.length > LABELS_MAX) return `${at} must have at most ${LABELS_MAX} labels, got ${names.length}`
    const long = names.find((name) => bounded && name.length > LABEL_NAME_LENGTH_MAX)
    if (long !== undefined)
      return `${at} must have names of at most ${LABEL_NAME_LENGTH_MAX} characters, got ${brief(long)}`
    return shaped(Object.fromEntries(names.map((name) => [name, textOf(bounded)()])))(labels, at)
  }

const targetOf = (text: Text): Part =>
  shaped({
    path: text(PATH_LENGTH_MAX),
    sizeSectors: count,
    ...optionals({
      kind: oneOf('block', 'file'),
      logicalBlockBytes: count,
      physicalBlockBytes: count,
      dmaAlignment: count,
      writeCache: oneOf('write back', 'write through'),
      fua: truth,
      atomicWriteUnitMaxBytes: count,
      rotational: truth,
      driver: text(),
      model: text(),
      serial: text(),
      fileSystem: text(),
    }),
  })

function manifestShape(bounded: boolean): Part {
  const text = textOf(bounded)
  const value = text()
  return shaped({
    schema: optional(oneOf(MANIFEST_SCHEMA)),
    run: key,
    campaign: value,
    device: key,
    startedAt: value,
    plan: shaped({
      workload: value,
      seed: value,
      region: shaped({ lba: count, sectors: count }),
      writeSectors: shaped({ least: count, most: count }),
      alignSectors: count,
      clusterSectors: count,
      fuaPercent: amount,
      cadence,
      script: optional(text(SCRIPT_LENGTH_MAX)),
    }),
    io: optional(oneOf('direct', 'buffered', 'dsync')),
    ioEngine: optional(oneOf('psync', 'aio')),
    queueDepth: count,
    flushMode: oneOf('barrier', 'concurrent'),
    commit: optional(oneOf('stream', 'wait')),
    baseline: oneOf('format', 'scan'),
    overlapInFlight: optional(truth),
    contract: value,
    target: targetOf(text),
    environment: shaped(
      optionals({
        hostname: value,
        kernel: value,
        arch: value,
        node: value,
        agent: value,
        cpus: count,
        labels: labelsOf(bounded),
      }),
    ),
  })
}

const SHAPE = manifestShape(false)
const BOUNDED_SHAPE = manifestShape(true)

function brief(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value) ?? 'nothing'
  return typeof value === 'string' && value.length > 80 ? `${text}…` : text
}

/** Whether a parsed document has the parts of a manifest, each of its type. */
export const isManifest = (value: unknown): value is Manifest => SHAPE(value, '') === undefined

/** What is wrong with a manifest that comes from elsewhere, named by its place: `/target/sizeSectors must be …`. */
export function manifestFault(value: unknown): string | undefined {
  if (isDeeperThan(value, DEPTH_MAX)) return ` must be nested at most ${DEPTH_MAX} deep`
  return BOUNDED_SHAPE(value, '')
}
