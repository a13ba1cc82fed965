/** A run without a verdict: how far it is, and what to do next. */
import type { ComponentChild } from 'preact'
import type { RunProgress, RunView } from '../../../src/core/campaign/campaign.ts'
import { isManifest } from '../../../src/core/manifest-shape.ts'
import { counted, formatBytes, formatCount } from '../../../src/core/size.ts'
import { verifyCommand } from '../shell.ts'
import { CopyText } from './findings/copy-text.tsx'

const STATES: Readonly<Record<RunProgress['state'], string>> = {
  preparing: 'is preparing the target',
  writing: 'is writing',
  holding: 'has written all and holds, waiting for the cut',
  done: 'has ended by itself',
  failed: 'has failed',
}

export function Progress({ view }: { readonly view: RunView }): ComponentChild {
  const { progress, cut, bytes, run, manifest } = view
  return (
    <section class="card progress" aria-label="No verdict yet">
      <p class="state-title">No verdict yet.</p>
      <p>
        {cut === undefined
          ? `The agent ${progress === undefined ? 'has not told what it does' : STATES[progress.state]}`
          : `The power was cut (${cut.kind}), and nobody has verified the target yet`}
        {progress === undefined
          ? ''
          : `: ${formatCount(progress.issued)} writes issued, ${formatCount(progress.completed)} completed, ${counted(progress.flushes, 'flush', 'flushes')}`}
        ; {formatBytes(bytes)} of log. This page asks again every two seconds.
      </p>
      <p>
        {cut === undefined
          ? 'Cut its power when you like, switch it on again, then verify the target, by the path that it has there:'
          : 'Verify the target, by the path that it has there:'}
      </p>
      <CopyText
        text={verifyCommand({ run, target: isManifest(manifest) ? manifest.target.path : '' })}
        what="the command that verifies"
      />
    </section>
  )
}
