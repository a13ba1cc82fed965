/** What a screen reader is told besides what has the focus: one line, polite. */
import { signal } from '@preact/signals'

export const announcement = signal('')

export function announce(text: string): void {
  announcement.value = text
}
