/** What the guest saw and what the orchestrator told, as the manifest has it. */
import type { ComponentChild } from 'preact'
import type { Manifest } from '../../../src/core/manifest.ts'
import { formatBytes } from '../../../src/core/size.ts'
import { SECTOR_BYTES } from '../../../src/core/units.ts'

type Row = readonly [name: string, value: string | number | boolean | undefined]

export function Environment({ manifest }: { readonly manifest: Manifest }): ComponentChild {
  return (
    <details>
      <summary>The environment as the guest saw it</summary>
      <div class="environment">
        <Facts title="Target" rows={targetRows(manifest)} />
        <Facts title="Machine" rows={machineRows(manifest)} />
        <Facts title="Workload" rows={planRows(manifest)} />
        <Facts title="Told by the orchestrator" rows={Object.entries(manifest.environment.labels ?? {})} />
      </div>
    </details>
  )
}

function Facts({ title, rows }: { readonly title: string; readonly rows: readonly Row[] }): ComponentChild {
  const told = rows.filter(([, value]) => value !== undefined)
  if (told.length === 0) return null
  return (
    <section class="table-frame" tabIndex={0} aria-label={title}>
      <table>
        <caption>{title}</caption>
        <tbody>
          {told.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="mono">{String(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

const bytes = (value: number | undefined): string | undefined => (value === undefined ? undefined : formatBytes(value))
const size = (sectors: number): string => formatBytes(sectors * SECTOR_BYTES)

function targetRows({ target, device }: Manifest): readonly Row[] {
  return [
    ['path', target.path],
    ['kind', target.kind],
    ['size', formatBytes(target.sizeSectors * SECTOR_BYTES)],
    ['write cache', target.writeCache ?? 'the kernel does not say'],
    ['FUA', target.fua],
    ['logical block', bytes(target.logicalBlockBytes)],
    ['physical block', bytes(target.physicalBlockBytes)],
    ['atomic write unit', bytes(target.atomicWriteUnitMaxBytes)],
    ['driver', target.driver],
    ['model', target.model],
    ['serial', target.serial],
    ['file system', target.fileSystem],
    ['rotational', target.rotational],
    ['device key', device],
  ]
}

function machineRows({ environment, startedAt }: Manifest): readonly Row[] {
  return [
    ['host name', environment.hostname],
    ['kernel', environment.kernel],
    ['architecture', environment.arch],
    ['CPUs', environment.cpus],
    ['Node.js', environment.node],
    ['agent', environment.agent],
    ['started', startedAt],
  ]
}

function planRows({ plan, io, ioEngine, queueDepth, flushMode, commit, baseline }: Manifest): readonly Row[] {
  const { cadence, region, writeSectors } = plan
  return [
    ['workload', plan.workload],
    ['region', `${size(region.sectors)} from ${size(region.lba)}`],
    [
      'write size',
      writeSectors.least === writeSectors.most
        ? size(writeSectors.least)
        : `${size(writeSectors.least)} to ${size(writeSectors.most)}`,
    ],
    [
      'flush',
      cadence.kind === 'writes'
        ? `every ${cadence.every} writes`
        : cadence.kind === 'interval'
          ? `every ${cadence.ms} ms`
          : cadence.kind === 'never'
            ? 'never'
            : 'as the workload says',
    ],
    ['FUA writes', `${plan.fuaPercent} %`],
    ['queue depth', queueDepth],
    ['I/O engine', ioEngine],
    ['I/O', io],
    ['flush mode', flushMode],
    ['commit', commit],
    ['baseline', baseline],
    ['seed', plan.seed],
  ]
}
