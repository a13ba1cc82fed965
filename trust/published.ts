/** What a part measured, kept and put on the page. The page knows every part, so a part that is loaded cannot import it. */
import type { TrustPart } from './part.ts'

/** The file that holds the data from now on. */
export async function published(part: TrustPart, data: unknown): Promise<string> {
  const { publish } = await import('./page.ts')
  return publish(part, data)
}
