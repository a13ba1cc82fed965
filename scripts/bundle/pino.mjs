// Stands in for pino in the bundle: the same lines, without child loggers, serializers and transports, which take longer to load than to leave out.
import { writeSync } from 'node:fs'
import { hostname } from 'node:os'

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 }

export function pino({ name, level }, stream) {
  const least = LEVELS[level]
  const head = { pid: process.pid, hostname: hostname(), name }
  const logger = { level }
  for (const [word, number] of Object.entries(LEVELS)) {
    logger[word] = (first, second) => {
      if (number < least || word === 'silent') return
      const [more, msg] = typeof first === 'string' ? [{}, first] : [first, second]
      stream.write(`${JSON.stringify({ level: number, time: Date.now(), ...head, ...more, msg })}\n`)
    }
  }
  return logger
}

pino.destination = ({ dest }) => ({ write: (line) => void writeSync(dest, line) })
