/** A log source to the history that the judge works on, or to whatever else takes what is in a log. */
import { ProbeError } from '../core/errors.ts'
import { type History, HistoryBuilder } from '../core/history.ts'
import { type LogEnd, type LogSink, LogDecoder } from '../core/wire.ts'
import type { LogSource } from './log-source.ts'

/** Reads the log to the end of its intact prefix. Throws LOG_UNREADABLE or LOG_VERSION, naming the source. */
export async function loadHistory(source: LogSource, signal: AbortSignal): Promise<History> {
  const builder = new HistoryBuilder(source.sizeBytes)
  return builder.finish(await readLogInto(builder, source, signal))
}

/** The same into any sink; returns how the log ended. */
export async function readLogInto(sink: LogSink, source: LogSource, signal: AbortSignal): Promise<LogEnd> {
  const decoder = new LogDecoder(sink)
  try {
    for await (const chunk of source.chunks()) {
      signal.throwIfAborted()
      decoder.push(chunk)
    }
    return decoder.end()
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
