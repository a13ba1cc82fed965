/** A log source to the history that the judge works on. */
import { ProbeError } from '../core/errors.ts'
import { type History, HistoryBuilder } from '../core/history.ts'
import { LogDecoder } from '../core/wire.ts'
import type { LogSource } from './log-source.ts'

/** Reads the log to the end of its intact prefix. Throws LOG_UNREADABLE or LOG_VERSION, naming the source. */
export async function loadHistory(source: LogSource, signal: AbortSignal): Promise<History> {
  const builder = new HistoryBuilder(source.sizeBytes)
  const decoder = new LogDecoder(builder)
  try {
    for await (const chunk of source.chunks()) {
      signal.throwIfAborted()
      decoder.push(chunk)
    }
    return builder.finish(decoder.end())
  } catch (error) {
    if (!(error instanceof ProbeError) || (error.code !== 'LOG_UNREADABLE' && error.code !== 'LOG_VERSION')) throw error
    throw new ProbeError(
      error.code,
      `${source.name}: ${error.message}; give the log of the run to verify, as the agent wrote it`,
      {
        cause: error,
      },
    )
  }
}
