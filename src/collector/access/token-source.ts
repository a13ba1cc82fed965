/** Where tokens are kept, as `plugpull token` works on them: a store, or a collector that has one. */
import { ProbeError } from '../../core/errors.ts'
import { type CollectorAccess, collectorClient } from '../../io/collector-access.ts'
import type { CollectorClient, TokenView } from '../../io/collector-client.ts'
import { openStore } from '../store/open-store.ts'
import type { Store, StoreAccess } from '../store/store.ts'
import { type TokenOrder, makeToken, viewOf } from './token.ts'

export interface TokenSource {
  readonly name: string
  /** Throws BAD_OPTION or COLLECTOR_REFUSED where a token of that name is there. */
  create(order: TokenOrder, now: string): Promise<TokenView & { readonly token: string }>
  list(): Promise<readonly TokenView[]>
  /** False where it was revoked before. Throws BAD_OPTION or COLLECTOR_REFUSED where there is none of that id. */
  revoke(id: string, now: string): Promise<boolean>
}

export interface TokenSourceOptions extends CollectorAccess {
  readonly store?: string
  readonly collector?: string
}

export async function withTokens<T>(
  options: TokenSourceOptions,
  access: StoreAccess,
  work: (source: TokenSource) => Promise<T>,
): Promise<T> {
  const { store: spec, collector } = options
  if (collector !== undefined) {
    const client = collectorClient(collector, options)
    try {
      return await work(sourceOfClient(client))
    } finally {
      await client.close()
    }
  }
  if (spec === undefined)
    throw new ProbeError(
      'BAD_OPTION',
      'token needs --store sqlite:FILE or --collector URL, to know whose tokens are meant',
    )
  const store = await openStore(spec, access)
  try {
    return await work(sourceOfStore(store))
  } finally {
    await store.close()
  }
}

const sourceOfClient = (client: CollectorClient): TokenSource => ({
  name: client.url,
  create: (order) => client.createToken(order),
  list: () => client.tokens(),
  revoke: (id) => client.revokeToken(id),
})

const sourceOfStore = (store: Store): TokenSource => ({
  name: store.name,
  create: async (order, now) => {
    const { token, record } = makeToken(order, now)
    if ((await store.addToken(record)) === 'taken')
      throw new ProbeError(
        'BAD_OPTION',
        `--name ${JSON.stringify(order.name)} is that of a token which is not revoked; revoke it, or take another name`,
      )
    return { token, ...viewOf(record) }
  },
  list: async () => (await store.tokens()).map(viewOf),
  revoke: async (id, now) => {
    const outcome = await store.revokeToken(id, now)
    if (outcome === 'unknown')
      throw new ProbeError(
        'BAD_OPTION',
        `${store.name} has no token ${JSON.stringify(id)}; plugpull token list shows those it has`,
      )
    return outcome === 'revoked'
  },
})
