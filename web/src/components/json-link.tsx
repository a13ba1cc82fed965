/** The same as JSON, for programs: every view has it. */
import type { ComponentChild } from 'preact'
import { addressOf } from '../base.ts'

export function JsonLink({ address }: { readonly address: string }): ComponentChild {
  return (
    <a class="json-link" href={addressOf(address)} title="The same as JSON">
      JSON
    </a>
  )
}
