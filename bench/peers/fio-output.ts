/** What fio says when it verifies: its messages on standard error, and its JSON. */
import type { Accusation } from './tool.ts'

/** `verify: bad magic header 0, wanted acca at file F offset 4096, length 4096 (requested block: …)`, `crc32c: verify failed at file …`. */
const MESSAGE = /^(?:fio: )?(.+?) at file .*? offset (\d+), length (\d+)/

/** Every message that holds something against a place of the file, in fio's words with the numbers left out. */
export function fioAccusations(stderr: string): readonly Accusation[] {
  return stderr.split('\n').flatMap((line) => {
    const [, text, offset, bytes] = MESSAGE.exec(line) ?? []
    if (text === undefined) return []
    return [{ text: classOf(text), offset: Number(offset), bytes: Number(bytes), namesWrite: false }]
  })
}

/** Without the numbers, but that a header is all zeros stays: it says that nothing is there. */
const classOf = (text: string): string =>
  text
    .replace(/magic header (?!0\b)[0-9a-f]+/, 'magic header N')
    .replaceAll(/(?<!magic )(header \w+|wanted) (?!acca)\d+/g, '$1 N')

/** Sum of the jobs' `error`, and their reads; undefined where fio left no JSON. */
export function fioResult(
  text: string,
): { readonly errors: readonly number[]; readonly blocksRead: number } | undefined {
  // fio puts its warnings ahead of the document.
  const start = text.indexOf('{')
  if (start < 0) return undefined
  const parsed: unknown = JSON.parse(text.slice(start))
  const jobs = field(parsed, 'jobs')
  if (!Array.isArray(jobs)) return undefined
  return {
    errors: jobs.map((job) => Number(field(job, 'error') ?? 0)),
    blocksRead: jobs.reduce((sum: number, job) => sum + Number(field(field(job, 'read'), 'total_ios') ?? 0), 0),
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return new Map<string, unknown>(Object.entries(value)).get(name)
}
