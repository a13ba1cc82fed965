/**
 * A run with a log of every write beside it: the agent on a raw image behind qemu-storage-daemon, whose driver blklogwrites keeps the log;
 * or in a guest whose kernel does, with device mapper's log-writes.
 */
import { closeSync, openSync, readFileSync, readSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RawOptions } from '../../src/core/agent-options.ts'
import { ProbeError } from '../../src/core/errors.ts'
import { SectorBuffer } from '../../src/core/stamp.ts'
import { SECTOR_BYTES } from '../../src/core/units.ts'
import { type WriteLogEntry, decodeWriteLog } from '../../src/core/write-log.ts'
import { runTool } from '../../src/io/process.ts'
import { createScratch } from '../../src/io/scratch.ts'
import { startStorageDaemon } from '../../src/io/storage-daemon.ts'
import { thisProgram } from '../../src/rig/children.ts'
import { LOG_FILE } from '../../src/rig/guest/fault.ts'
import { collectorOf } from '../../src/rig/loop-command.ts'
import { parseLoopOptions } from '../../src/rig/loop-options.ts'
import { runCampaign } from '../../src/rig/loop.ts'
import { readAgentLog } from './agent-log.ts'
import { blockHistoryOf } from './block-history.ts'
import type { Recording } from './replay.ts'

const AGENT_LIMIT_MS = 300_000
/** Small, so that a run goes over each sector often. */
const DISK_BYTES = 2 ** 20

/** Puts a run's two logs together. The write log may end in entries that the cut left half written: they are left out. */
export function recordingOf(agentLogPath: string, writeLogPath: string): Recording {
  const log = readAgentLog(readFileSync(agentLogPath))
  const file = openSync(writeLogPath, 'r')
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    }
    const dataOf = (entry: WriteLogEntry): SectorBuffer => {
      const data = SectorBuffer.ofSectors(entry.sectors)
      data.bytes.set(read(entry.dataAt, entry.sectors * SECTOR_BYTES))
      return data
    }
    const { entries } = decodeWriteLog(read, statSync(writeLogPath).size)
    return { log, blocks: blockHistoryOf(entries, dataOf, log.manifest) }
  } finally {
    closeSync(file)
  }
}

/** Runs the agent with those options to its end behind a daemon that logs. */
export async function recordBehindDaemon(workload: readonly string[], signal: AbortSignal): Promise<Recording> {
  const scratch = createScratch('replay')
  try {
    const image = scratch.file('disk.raw')
    writeFileSync(image, '')
    truncateSync(image, DISK_BYTES)
    const [writeLog, agentLog] = [scratch.file('writes.log'), scratch.file('agent.log')]
    const daemon = await startStorageDaemon({
      image,
      format: 'raw',
      mountpoint: scratch.file('disk'),
      writable: true,
      writeLog,
      scratch,
    })
    try {
      const agent = ['agent', '--target', daemon.path, '--log', agentLog, '--quiet', ...workload]
      await runTool(process.execPath, [thisProgram().guestEntry, ...agent], { limitMs: AGENT_LIMIT_MS, signal })
    } finally {
      await daemon.stop()
    }
    return recordingOf(agentLog, writeLog)
  } finally {
    scratch.remove()
  }
}

/**
 * The target writes its log behind the writes, in a thread of its own: a cut right after the last flush would find it without
 * that one. Counted from the first write, and an emulated guest on a busy machine takes seconds for sixty.
 */
const LOG_WRITTEN = '8s-9s'

/** One cycle of `plugpull loop --rig qemu --fault log-writes`, from the cut guest's second disk. */
export async function recordInGuest(workload: RawOptions, signal: AbortSignal): Promise<Recording> {
  const scratch = createScratch('replay')
  try {
    const collector = await collectorOf({}, scratch)
    try {
      const agentLog = scratch.file('agent.log')
      let recording: Recording | undefined
      const disk = { rig: 'qemu', fault: 'log-writes', image: 'raw', size: String(DISK_BYTES) }
      const options = { ...disk, cutAfter: LOG_WRITTEN, ...workload }
      const { cycles } = await runCampaign(parseLoopOptions(options), {
        collector,
        signal,
        inspect: async (machine, { run }) => {
          if (machine.kind !== 'guest') return
          for await (const bytes of collector.client.readLog(run)) writeFileSync(agentLog, bytes, { flag: 'a' })
          recording = recordingOf(agentLog, join(dirname(machine.survivor), LOG_FILE))
        },
      })
      if (recording !== undefined) return recording
      throw new ProbeError('RIG_FAILED', `the guest's run went wrong: ${cycles[0]?.problem ?? 'it left no log'}`)
    } finally {
      await collector.stop()
    }
  } finally {
    scratch.remove()
  }
}
