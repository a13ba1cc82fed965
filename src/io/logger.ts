/** Logs: pino on stderr, JSON lines; readable lines only where a person sits at a terminal. Standard output belongs to results. */
import { pino, type Logger } from 'pino'
import { PinoPretty } from 'pino-pretty'

export type { Logger } from 'pino'

export interface LoggerOptions {
  /** Part of the program that speaks: `agent`, `collector`, … */
  readonly name: string
  readonly level?: 'silent' | 'error' | 'warn' | 'info' | 'debug'
}

/** A logger to stderr. Writes are synchronous, so that the last line before an exit is not lost. */
export function createLogger(options: LoggerOptions): Logger {
  const settings = { name: options.name, level: options.level ?? 'info' }
  if (process.stderr.isTTY) {
    return pino(
      settings,
      PinoPretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' }),
    )
  }
  return pino(settings, pino.destination({ dest: 2, sync: true }))
}
