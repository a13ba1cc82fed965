/** docs/TRUST.md: put together from what each part measured (docs/trust/NAME.json) and from nothing else. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TrustPart } from './part.ts'
import { PARTS } from './registry.ts'

const root = join(import.meta.dirname, '..', '..')
const PAGE = join(root, 'docs', 'TRUST.md')

const INTRODUCTION = `# Why the verdicts can be trusted

A probe is worth what its verdicts are worth. Every figure on this page was measured by the command that stands beside it;
the data are in \`docs/trust/\`, and the page is made from them (\`npm run trust -- page\`).
`

const dataFile = (part: TrustPart): string => join(root, 'docs', 'trust', `${part.name}.json`)

/** Keeps what a part measured and makes the page anew. Returns the file's path. */
export function publish(part: TrustPart, data: unknown): string {
  const file = dataFile(part)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(data, undefined, 2)}\n`)
  writePage()
  return file
}

export function writePage(): void {
  writeFileSync(PAGE, pageText())
}

/** The page as the data in docs/trust/ make it; parts that were never run are not on it. */
export function pageText(): string {
  const sections = PARTS.filter((part) => existsSync(dataFile(part))).map((part) =>
    part.section(JSON.parse(readFileSync(dataFile(part), 'utf8'))),
  )
  return `${[INTRODUCTION, ...sections].map((text) => text.trim()).join('\n\n')}\n`
}
