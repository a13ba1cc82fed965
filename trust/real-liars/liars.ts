/** The liars made of stock parts, each with its honest twin: the same rig without the fault. Options are those of `plugpull loop`. */

export interface LiarPlan {
  readonly name: string
  /** How it lies, in one sentence. */
  readonly how: string
  readonly options: string
  readonly twin: string
  /** What has to come of it: a conviction in every cut, or none in any; or the agent's end before each of them, and no conviction of what it left. */
  readonly expected: 'convicted' | 'not accused' | 'ends, not accused'
}

/** Whether a campaign with these options boots a guest for every cut. */
export const needsGuest = (options: string): boolean => options.includes('--rig qemu')

const HOST = '--rig host-power --size 32M'
const GUEST = '--rig qemu --size 16M'
const GUEST_HOST = `${GUEST} --cut host-power`

export const LIARS: readonly LiarPlan[] = [
  {
    name: 'cache=unsafe',
    how: 'QEMU ignores every flush, and the host loses its power',
    options: `${HOST} --cache unsafe`,
    twin: `${HOST} --cache none`,
    expected: 'convicted',
  },
  {
    name: 'fua-discard',
    how: "the host's disk (`nbdkit --filter=fua … fuamode=discard`) acknowledges every flush and does none",
    options: `${HOST} --cache none --fault fua-discard`,
    twin: `${HOST} --cache none`,
    expected: 'convicted',
  },
  {
    name: 'fua-discard, writethrough',
    how: 'the same below a disk that says that each write is stable',
    options: `${HOST} --cache writethrough --fault fua-discard`,
    twin: `${HOST} --cache writethrough`,
    expected: 'convicted',
  },
  {
    name: 'cache=unsafe, in a guest',
    how: 'the first of these, below a real guest',
    options: `${GUEST_HOST} --cache unsafe`,
    twin: `${GUEST_HOST} --cache none`,
    expected: 'convicted',
  },
  {
    name: 'fua-discard, in a guest',
    how: 'the second of these, below a real guest',
    options: `${GUEST_HOST} --cache none --fault fua-discard`,
    twin: `${GUEST_HOST} --cache none`,
    expected: 'convicted',
  },
  {
    name: 'flakey-drop-writes',
    how: "the guest's kernel (dm-flakey, `drop_writes`) acknowledges writes and flushes and drops them",
    options: `${GUEST} --fault flakey-drop-writes`,
    twin: GUEST,
    expected: 'convicted',
  },
  {
    name: 'flakey-error-writes',
    how: "the guest's kernel (dm-flakey, `error_writes`) fails every write: no lie, and no reason to accuse the disk",
    // Long enough for the agent to end and the guest to switch itself off.
    options: `${GUEST} --fault flakey-error-writes --cut-after 60s`,
    twin: GUEST,
    expected: 'ends, not accused',
  },
  {
    name: 'log-writes',
    how: "the guest's kernel (dm-log-writes) passes everything on and keeps a log of it, which “Real runs, cut at every point” replays",
    options: `${GUEST} --fault log-writes`,
    twin: GUEST,
    expected: 'not accused',
  },
]
