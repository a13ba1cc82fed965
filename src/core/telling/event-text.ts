/** One event of a finding's timeline in words, the same at a terminal and on the page. */
import type { Life } from './life.ts'
import type { TimelineEvent } from './timeline.ts'

/** `span`: sectors as the reader writes them: `sectors 8–23`. */
export function eventText(
  event: TimelineEvent,
  { writes }: Pick<Life, 'writes'>,
  span: (lba: number, sectors: number) => string,
): string {
  switch (event.kind) {
    case 'issue': {
      const write = writes.find((one) => one.write === event.write)
      const where = write === undefined ? '' : `: ${span(write.lba, write.sectors)}${write.fua ? ', FUA' : ''}`
      return `write ${event.write} issued${where}`
    }
    case 'complete':
      return `write ${event.write} completed`
    case 'failed':
      return `write ${event.write} failed`
    case 'flush-issue':
      return `flush ${event.flush} issued`
    case 'flush-complete':
      return event.stabilises.length === 0
        ? `flush ${event.flush} completed`
        : `flush ${event.flush} completed: ${listed(event.stabilises)} stable from here on`
    case 'flush-failed':
      return `flush ${event.flush} failed`
  }
}

const listed = (writes: readonly number[]): string =>
  `${writes.length === 1 ? 'write' : 'writes'} ${writes.join(', ')} ${writes.length === 1 ? 'is' : 'are'}`
