/** What a part measured, kept and put on the page. The page knows every part, so a part that is loaded cannot import it. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TrustPart } from './part.ts'

/** The file that holds the data from now on. */
export async function published(part: TrustPart, data: unknown): Promise<string> {
  const { publish } = await import('./page.ts')
  return publish(part, data)
}

/** What the part measured the last time; `undefined` where it never ran. */
export function measuredBefore(part: TrustPart): unknown {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'trust', `${part.name}.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}
