/** The collector as a guest of ours reaches it: the address as it is called inside, and what access takes as files beside the job. */
import { resolve } from 'node:path'
import type { Collector, CollectorAddress } from '../children.ts'
import type { GuestMachine } from '../rig.ts'
import { type GuestFile, guestPath } from './job.ts'

export interface GuestCollector {
  readonly address: CollectorAddress
  readonly files: readonly GuestFile[]
}

export function guestCollector({ url, access }: Collector, machine: Pick<GuestMachine, 'guestUrl'>): GuestCollector {
  const { tokenFile, ca } = access
  return {
    address: {
      url: machine.guestUrl(url),
      access: {
        ...(tokenFile === undefined ? {} : { tokenFile: guestPath({ name: 'token' }) }),
        ...(ca === undefined ? {} : { ca: guestPath({ name: 'ca' }) }),
      },
    },
    files: [
      ...(tokenFile === undefined ? [] : [{ name: 'token', path: resolve(tokenFile) } as const]),
      ...(ca === undefined ? [] : [{ name: 'ca', path: resolve(ca) } as const]),
    ],
  }
}
