/** A receiver of webhooks on loopback that answers as a test wants: with a status, never, or with a redirect. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface TestReceiver {
  readonly url: string
  readonly received: readonly Received[]
  /** Resolves once so many came. */
  until(count: number): Promise<void>
}

/** `answer` is called for each message with its place, from 1; one that does nothing leaves the sender waiting. */
export async function startReceiver(
  t: TestContext,
  answer: (response: ServerResponse, place: number) => void,
): Promise<TestReceiver> {
  const received: Received[] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, text })
      answer(response, received.length)
      for (const { count, resolve } of waiting) if (received.length >= count) resolve()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    until: (count) =>
      new Promise((resolve) => {
        if (received.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
  }
}

export const status =
  (...codes: readonly number[]) =>
  (response: ServerResponse, place: number): void => {
    response.writeHead(codes[Math.min(place, codes.length) - 1] ?? 200).end('thank you')
  }
