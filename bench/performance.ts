/** docs/PERFORMANCE.md, from the data of the benches that have a section in it, and from nothing else. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DISKCHECKER } from './diskchecker/page.ts'
import { GUEST } from './guest/page.ts'
import { INGEST } from './ingest/page.ts'
import { JUDGE } from './judge/page.ts'
import { MEMORY } from './memory/page.ts'
import { READING } from './reading/page.ts'
import type { Section } from './section.ts'
import { START } from './start/page.ts'
import { UI } from './ui/page.ts'
import { WRITES } from './writes/page.ts'
import { WIRE } from './wire/page.ts'

export const PERFORMANCE_FILE = join(import.meta.dirname, '..', '..', 'docs', 'PERFORMANCE.md')

/** In the order of the page. */
const SECTIONS: readonly Section[] = [WRITES, DISKCHECKER, GUEST, START, WIRE, READING, JUDGE, INGEST, MEMORY, UI]

const HEAD = `# Performance

Every figure is measured by the command beside it, on the machine named; they vary with what else that machine does.
`

/** The page as the data make it; a bench that never published has no section. */
export const performancePage = (): string =>
  [HEAD, ...SECTIONS.filter(({ file }) => existsSync(file)).map(({ render }) => render())].join('\n')
