/** A bench's part of docs/PERFORMANCE.md: where its data lie, and what they look like to a reader. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const DATA_FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'bench')

/** What every bench writes down beside its figures. */
export interface BenchData {
  /** As it was called, to be called again. */
  readonly command: string
  readonly machine: Readonly<Record<string, string>>
}

export interface Section {
  /** docs/bench/NAME.json */
  readonly file: string
  /** The section as Markdown, from the bytes of that file and from nothing else. */
  readonly render: () => string
}

/** The section of bench `name`; `render` begins with its `## ` heading. */
export function sectionOf<T extends BenchData>(name: string, render: (data: T) => string): Section & Publisher<T> {
  const file = join(DATA_FOLDER, `${name}.json`)
  return {
    file,
    render: () => {
      const data: T = JSON.parse(readFileSync(file, 'utf8'))
      return render(data)
    },
    text: render,
    save: (data) => {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `${JSON.stringify(data, undefined, 2)}\n`)
    },
  }
}

export interface Publisher<T extends BenchData> {
  readonly text: (data: T) => string
  readonly save: (data: T) => void
}

/** The lines that every section begins with: what to type. */
export const commandBlock = ({ command }: BenchData): string => `\`\`\`\n${command}\n\`\`\``

/** The line that every section ends with. */
export const machineLine = ({ machine }: BenchData): string =>
  `Machine: ${Object.entries(machine)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}.`
