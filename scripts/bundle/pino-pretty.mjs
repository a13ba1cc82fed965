// Stands in for pino-pretty in the bundle: a guest's console is a terminal, and there the time, the level and the message are enough.
import { writeSync } from 'node:fs'

const LEVELS = { 10: 'TRACE', 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }
const HIDDEN = new Set(['level', 'time', 'name', 'msg', 'pid', 'hostname'])

export const PinoPretty = ({ destination }) => ({ write: (line) => writeSync(destination, pretty(line)) })

function pretty(line) {
  const entry = JSON.parse(line)
  const rest = Object.entries(entry).filter(([key]) => !HIDDEN.has(key))
  const more = rest.map(([key, value]) => ` ${key}=${JSON.stringify(value)}`).join('')
  const time = new Date(entry.time).toISOString().slice(11, 23)
  return `[${time}] ${LEVELS[entry.level] ?? entry.level} (${entry.name}): ${entry.msg ?? ''}${more}\n`
}
