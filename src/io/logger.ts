/** Logs: pino on stderr, JSON lines; readable lines only where a person sits at a terminal. Standard output belongs to results. */
import type { DestinationStream, Logger } from 'pino'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  /** Part of the program that speaks: `agent`, `collector`, … */
  readonly name: string
  readonly level?: LogLevel
  /** Every line goes through it before it is written: to keep secrets out. */
  readonly scrub?: (line: string) => string
}

/**
 * A logger to stderr. Writes are synchronous, so that the last line before an exit is not lost.
 * What it is made of is loaded here, and for a person more than for a file: it takes part of every start.
 */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const { pino } = await import('pino')
  const settings = { name: options.name, level: options.level ?? 'info' }
  const { scrub } = options
  const stream: DestinationStream = process.stderr.isTTY
    ? (await import('pino-pretty')).PinoPretty({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : pino.destination({ dest: 2, sync: true })
  return pino(settings, scrub === undefined ? stream : { write: (line) => stream.write(scrub(line)) })
}
