/** docs/PERFORMANCE.md, from the data of the benches that have a section in it, and from nothing else. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { JUDGE_FILE, type JudgeData, judgeSection } from './judge/page.ts'
import { UI_FILE, type UiData, uiSection } from './ui/page.ts'

export const PERFORMANCE_FILE = join(import.meta.dirname, '..', '..', 'docs', 'PERFORMANCE.md')

const HEAD = `# Performance

Every figure is measured by the command beside it, on the machine named; they vary with what else that machine does.
`

/** The page as the data make it; a bench that never published has no section. */
export const performancePage = (): string =>
  [
    HEAD,
    ...section(JUDGE_FILE, (text) => {
      const data: JudgeData = JSON.parse(text)
      return judgeSection(data)
    }),
    ...section(UI_FILE, (text) => {
      const data: UiData = JSON.parse(text)
      return uiSection(data)
    }),
  ].join('\n')

const section = (file: string, render: (text: string) => string): readonly string[] =>
  existsSync(file) ? [render(readFileSync(file, 'utf8'))] : []
