/** The report formats there are: a new one is one new file and one line here. */
import { csv } from './csv.ts'
import type { ReportFormat } from './format.ts'
import { html } from './html.ts'
import { json } from './json.ts'
import { jsonl } from './jsonl.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { text } from './text.ts'

export const FORMATS: readonly ReportFormat[] = [text, json, markdown, html, junit, jsonl, csv]

export const FORMAT_NAMES: readonly string[] = FORMATS.map(({ name }) => name)

export const formatNamed = (name: string): ReportFormat | undefined => FORMATS.find((format) => format.name === name)
