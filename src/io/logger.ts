/** Logs: pino on stderr, JSON lines; readable lines only where a person sits at a terminal. Standard output belongs to results. */
import { type DestinationStream, type Logger, pino } from 'pino'
import { PinoPretty } from 'pino-pretty'

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

/** A logger to stderr. Writes are synchronous, so that the last line before an exit is not lost. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = { name: options.name, level: options.level ?? 'info' }
  const { scrub } = options
  const stream: DestinationStream = process.stderr.isTTY
    ? PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : pino.destination({ dest: 2, sync: true })
  return pino(settings, scrub === undefined ? stream : { write: (line) => stream.write(scrub(line)) })
}
