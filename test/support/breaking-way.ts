/** A way to a server of this machine that breaks where it is told to: at the next request that holds a text. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface BreakingWay {
  readonly port: number
  /** Times that it broke. */
  readonly breaks: number
  /** The next bytes towards the server with this text in them do not get there: both ends of their connection are closed. */
  breakAt(text: string): void
  close(): Promise<void>
}

export async function startWay(to: number): Promise<BreakingWay> {
  const open = new Set<Socket>()
  let wanted: string | undefined
  let breaks = 0
  const server = createServer((client) => {
    const target = connect({ host: '127.0.0.1', port: to })
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      open.add(one)
      one.on('error', () => one.destroy())
      one.once('close', () => {
        open.delete(one)
        other.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (wanted !== undefined && bytes.includes(wanted)) {
        wanted = undefined
        breaks++
        client.destroy()
      } else target.write(bytes)
    })
    target.on('data', (bytes) => client.write(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get breaks() {
      return breaks
    },
    breakAt: (text) => {
      wanted = text
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
