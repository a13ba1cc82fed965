/** `--collector` or `--store`, for the commands that carry or remove runs: exactly one of the two says where. */
import { type Command, Option } from 'commander'
import { ProbeError } from '../../core/errors.ts'
import { ACCESS_OPTIONS, type CollectorAccess, collectorClient } from '../../io/collector-access.ts'
import type { CollectorClient } from '../../io/collector-client.ts'
import { openStore } from '../store/open-store.ts'
import type { Store, StoreAccess } from '../store/store.ts'

export interface PlaceOptions extends CollectorAccess {
  readonly collector?: string
  readonly store?: string
}

export const addPlaceOptions = (command: Command, storeText: string): Command =>
  ACCESS_OPTIONS.reduce(
    (given, { flags, description }) => given.option(flags, description),
    command.option('--collector <URL>', 'ask a running collector'),
  ).addOption(new Option('--store <KIND:WHERE>', storeText).conflicts('collector'))

/** What is done at either place. */
export interface PlaceWork<T> {
  readonly collector: (client: CollectorClient) => Promise<T>
  readonly store: (store: Store) => Promise<T>
}

/** Runs the work that belongs to the place given, and closes it. Throws BAD_OPTION where none is. */
export async function atPlace<T>(
  command: string,
  options: PlaceOptions,
  access: StoreAccess,
  work: PlaceWork<T>,
  limitMs?: number,
): Promise<T> {
  if (options.collector !== undefined) {
    const client = collectorClient(options.collector, options, limitMs === undefined ? {} : { limitMs })
    try {
      return await work.collector(client)
    } finally {
      await client.close()
    }
  }
  if (options.store === undefined)
    throw new ProbeError('BAD_OPTION', `${command} needs --collector URL or --store KIND:WHERE, to know where`)
  const store = await openStore(options.store, access)
  try {
    return await work.store(store)
  } finally {
    await store.close()
  }
}
