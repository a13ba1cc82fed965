/** An image edited by hand between cut and verify: each edit is known to the byte, so what has to be found is known too. */
import { closeSync, copyFileSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, ProbeError } from '../../src/core/errors.ts'
import type { Finding } from '../../src/core/finding.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import type { Verdict } from '../../src/core/verdict.ts'
import { runTool } from '../../src/io/process.ts'
import type { Scratch } from '../../src/io/scratch.ts'
import { thisProgram } from '../../src/rig/children.ts'
import { collectorOf } from '../../src/rig/loop-command.ts'
import { parseLoopOptions } from '../../src/rig/loop-options.ts'
import { runCampaign } from '../../src/rig/loop.ts'

/** What a cut left: the image, and the log of the run. */
export interface CutDisk {
  readonly image: string
  readonly log: string
}

/** Write n of 8 sectors stands at 8 × (n − 1); all 64 are flushed, and the rest of the disk is never written. */
const WORKLOAD = { workload: 'sequential', writes: '64', writeSize: '4k', flushEvery: '16', size: '1M' } as const
const VERIFY_LIMIT_MS = 60_000
const VERIFY_STATUSES = Object.values(EXIT)

/** Runs one cycle of `plugpull loop --rig storage-daemon --image qcow2 --cut sigkill` and keeps what it left. */
export async function cutDisk(scratch: Scratch, signal: AbortSignal): Promise<CutDisk> {
  const disk = { image: scratch.file('cut.qcow2'), log: scratch.file('cut.log') }
  const collector = await collectorOf({}, scratch)
  try {
    const { cycles } = await runCampaign(parseLoopOptions({ rig: 'storage-daemon', image: 'qcow2', ...WORKLOAD }), {
      collector,
      signal,
      inspect: async (machine, { run, word }) => {
        if (machine.kind !== 'agent' || word !== 'held') return
        copyFileSync(machine.survivor, disk.image)
        for await (const bytes of collector.client.readLog(run)) writeFileSync(disk.log, bytes, { flag: 'a' })
      },
    })
    const [cycle] = cycles
    if (cycle?.word === 'held') return disk
    throw new ProbeError(
      'RIG_FAILED',
      `the disk to be edited did not hold: ${cycle?.problem ?? cycle?.word ?? 'no cycle'}`,
    )
  } finally {
    await collector.stop()
  }
}

export interface Edit {
  readonly name: string
  /** What a person would type, as Markdown. */
  readonly command: string
  /** Findings in the words of `toldOf`, in the order of their addresses. */
  readonly expected: readonly string[]
  apply(image: string, folder: string): Promise<void>
}

const qemuIo = async (image: string, ...requests: readonly string[]): Promise<void> => {
  await runTool('qemu-io', ['-f', 'qcow2', ...requests.flatMap((request) => ['-c', request]), image])
}

const requested = (name: string, request: string, expected: readonly string[]): Edit => ({
  name,
  command: `\`qemu-io -f qcow2 -c '${request}' IMAGE\``,
  expected,
  apply: (image) => qemuIo(image, request),
})

/** One sector as the guest sees it, changed, and written to `to`. */
async function rewrite(
  image: string,
  folder: string,
  from: number,
  to: number,
  change: (bytes: Buffer) => void,
): Promise<void> {
  const [raw, sector] = [join(folder, 'seen.raw'), join(folder, 'sector')]
  await runTool('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', image, raw])
  const bytes = Buffer.alloc(SECTOR_BYTES)
  const file = openSync(raw, 'r')
  try {
    readSync(file, bytes, 0, bytes.length, from * SECTOR_BYTES)
  } finally {
    closeSync(file)
  }
  change(bytes)
  writeFileSync(sector, bytes)
  await qemuIo(image, `write -s ${sector} ${to * SECTOR_BYTES} ${SECTOR_BYTES}`)
}

async function overwriteFile(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await Promise.resolve()
  const file = openSync(path, 'r+')
  try {
    writeSync(file, bytes, 0, bytes.length, offset)
  } finally {
    closeSync(file)
  }
}

const CLUSTER_SECTORS = 128
const lostOf = (first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `lost write ${first + i} @${(first + i - 1) * 8}+8`)

/** The edits, each on a fresh copy. */
export const EDITS: readonly Edit[] = [
  { name: 'nothing', command: '–', expected: [], apply: () => Promise.resolve() },
  requested('a pattern over one sector', `write -P 0xab ${76 * SECTOR_BYTES} 512`, ['corrupt @76+1']),
  {
    name: 'one bit of one byte',
    command: "`qemu-io -f qcow2 -c 'write -s FILE 39424 512' IMAGE`, with the sector's own bytes but for one bit",
    expected: ['corrupt @77+1'],
    apply: (image, folder) =>
      rewrite(image, folder, 77, 77, (bytes) => bytes.writeUInt8(bytes.readUInt8(300) ^ 4, 300)),
  },
  requested(
    'a cluster of zeros',
    `write -z ${CLUSTER_SECTORS * SECTOR_BYTES} ${CLUSTER_SECTORS * SECTOR_BYTES}`,
    lostOf(17, 32),
  ),
  {
    name: 'one sector over another',
    command: "`qemu-io -f qcow2 -c 'write -s FILE 153600 512' IMAGE`, with the bytes of sector 8",
    expected: ['misdirected @300+1'],
    apply: (image, folder) => rewrite(image, folder, 8, 300, () => undefined),
  },
  requested('a sector that the run never wrote', `write -P 0xcd ${1500 * SECTOR_BYTES} 512`, ['collateral @1500+1']),
  {
    name: 'the magic of the header',
    command: 'four zeros over the first bytes of the file',
    expected: ['unreadable @0+2048'],
    apply: (image) => overwriteFile(image, 0, Buffer.alloc(4)),
  },
]

/** `lost write 17 @128+8`, `corrupt @76+1`; the head line of a flush that lied is left out, since it names the same writes. */
export const toldOf = ({ kind, write, lba, sectors }: Finding): string =>
  kind === 'lost' || kind === 'torn' || kind === 'reordered'
    ? `${kind} write ${write} @${lba}+${sectors}`
    : `${kind} @${lba}+${sectors}`

export interface EditOutcome {
  readonly verdict: Verdict
  /** In the order of their addresses. */
  readonly found: readonly string[]
}

/** Applies the edit to a copy and has `plugpull verify` look at it. */
export async function verifyEdited(
  disk: CutDisk,
  edit: Edit,
  folder: string,
  signal: AbortSignal,
): Promise<EditOutcome> {
  const image = join(folder, 'edited.qcow2')
  copyFileSync(disk.image, image)
  await edit.apply(image, folder)
  const { code, stdout, stderr } = await verifyImage(image, disk.log, ['--target-format', 'qcow2'], signal)
  if (code !== 0 && code !== 10 && code !== 11)
    throw new ProbeError('RIG_FAILED', `verify ended with status ${code}: ${stderr.trim()}`)
  const verdict: Verdict = JSON.parse(stdout)
  const findings = verdict.findings.filter(({ rule }) => rule !== 'flush-lie').toSorted((a, b) => a.lba - b.lba)
  return { verdict, found: findings.map(toldOf) }
}

/** `plugpull verify` as a user runs it, to its end. */
export const verifyImage = (
  image: string,
  log: string,
  more: readonly string[],
  signal: AbortSignal,
): ReturnType<typeof runTool> =>
  runTool(
    process.execPath,
    [thisProgram().entry, 'verify', '--target', image, '--log', log, '--json', '--quiet', ...more],
    {
      limitMs: VERIFY_LIMIT_MS,
      accept: VERIFY_STATUSES,
      signal,
    },
  )
