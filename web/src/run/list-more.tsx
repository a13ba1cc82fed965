/** The command that verifies anew and lists every finding. */
import type { ComponentChild } from 'preact'
import { CopyText } from './findings/copy-text.tsx'

/** A verdict lists at most a quarter of its findings of one kind and severity (core/finding-list). */
const SHARE_OF_A_KIND = 4

/** `findings`: all that were counted. */
export const ListMore = ({ run, findings }: { readonly run: string; readonly findings: number }): ComponentChild => (
  <CopyText
    text={`plugpull verify --target DEVICE --run ${run} --collector ${location.origin} --findings-max ${findings * SHARE_OF_A_KIND}`}
    what="the command that lists every finding"
  />
)
