/** The head of the log, put together: who writes, what the guest is told of the target, and which promise follows from it. */
import { randomBytes } from 'node:crypto'
import { arch, availableParallelism, hostname, release } from 'node:os'
import { type WorkloadOptions, planSpecOf } from '../core/agent-options.ts'
import { formatContract } from '../core/contract.ts'
import { MANIFEST_SCHEMA, type Environment, type Manifest, type TargetFacts } from '../core/manifest.ts'
import { runIdAt } from '../core/run-id.ts'
import { SECTOR_BYTES } from '../core/units.ts'
import { VERSION } from '../core/version.ts'
import { deviceKey } from '../io/target.ts'

/** What is known of a run before its target is looked at. */
export interface RunIdentity {
  /** 16 hexadecimal digits; random where not given. */
  readonly run?: string
  readonly campaign: string
  /** What the user calls the target, where the kernel does not tell it from others. */
  readonly deviceName?: string
  readonly labels: Readonly<Record<string, string>>
}

/** Sixteen random hexadecimal digits: a seed. */
const randomKey = (): string => randomBytes(8).toString('hex')

/** The manifest of a run that starts now; throws where plan and target do not go together. */
export function describeRun(identity: RunIdentity, options: WorkloadOptions, target: TargetFacts): Manifest {
  return {
    schema: MANIFEST_SCHEMA,
    run: identity.run ?? runIdAt(Date.now(), randomBytes(4).readUInt32LE()),
    campaign: identity.campaign,
    device: deviceKey(target, identity.deviceName),
    startedAt: new Date().toISOString(),
    plan: planSpecOf(options, options.seed ?? randomKey(), target),
    io: options.io,
    queueDepth: options.queueDepth,
    flushMode: options.flushMode,
    commit: options.commit,
    baseline: options.baseline,
    overlapInFlight: options.overlapInFlight,
    contract: contractOf(options.io, target),
    target,
    environment: environment(identity.labels),
  }
}

/** docs/MODEL.md, "Contracts": what is promised where nobody says otherwise. */
export function contractOf(io: Manifest['io'], target: TargetFacts): string {
  const onDevice = target.kind === 'block' && io === 'direct'
  const writeThrough = io === 'dsync' || (onDevice && target.writeCache === 'write through')
  const atomicBytes =
    target.kind === 'block' && io !== 'buffered' && isNvme(target) ? (target.atomicWriteUnitMaxBytes ?? 0) : 0
  const name = writeThrough ? 'write-through' : 'volatile'
  return formatContract(atomicBytes > SECTOR_BYTES ? { name, atomicBytes } : { name })
}

/** NVMe promises atomicity for every write command (AWUPF); SCSI only for WRITE ATOMIC, which the agent cannot issue. */
const isNvme = ({ driver, path }: TargetFacts): boolean => driver === 'nvme' || /(^|\/)nvme\d/.test(path)

function environment(labels: Readonly<Record<string, string>>): Environment {
  return {
    hostname: hostname(),
    kernel: release(),
    arch: arch(),
    node: process.version,
    agent: VERSION,
    cpus: availableParallelism(),
    labels,
  }
}
