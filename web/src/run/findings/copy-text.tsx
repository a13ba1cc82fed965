/** A line to be copied: by a button where the browser lets pages copy, else it is selected for the user to copy. */
import type { ComponentChild } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { announce } from '../../announce.ts'

export function CopyText({ text, what }: { readonly text: string; readonly what: string }): ComponentChild {
  const place = useRef<HTMLElement>(null)
  const [said, say] = useState('Copy')
  const copy = async (): Promise<void> => {
    const done = await copied(text)
    if (!done && place.current !== null) getSelection()?.selectAllChildren(place.current)
    say(done ? 'Copied' : 'Selected')
    announce(done ? `copied ${what}` : `${what} is selected, copy it by keyboard`)
  }
  return (
    <div class="copy">
      <code ref={place} tabIndex={0} role="group" aria-label={what}>
        {text}
      </code>
      <button type="button" class="small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
        {said}
      </button>
    </div>
  )
}

/** Browsers lend the clipboard to pages by TLS or on loopback alone. */
async function copied(text: string): Promise<boolean> {
  if (!isSecureContext) return false
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}
