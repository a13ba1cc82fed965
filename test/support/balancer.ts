/** A load balancer as small as one can be: TCP connections in turn to each target, and to the next one where one does not answer. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Balancer {
  readonly url: string
  close(): Promise<void>
}

/** On a free port of this machine; `urls` are where the targets are. */
export async function startBalancer(urls: readonly string[]): Promise<Balancer> {
  const open = new Set<Socket>()
  let turn = 0
  const server = createServer((client) => {
    hold(open, client)
    forward(client, urls.length)
  })

  function forward(client: Socket, left: number): void {
    const { hostname, port } = new URL(urls[turn++ % urls.length] ?? '')
    const target = connect({ host: hostname, port: Number(port) })
    hold(open, target)
    let isThrough = false
    target.once('connect', () => {
      isThrough = true
      client.pipe(target).pipe(client)
    })
    // One end gone: the other goes too, so that the client sees it and asks again.
    target.once('close', () => {
      if (isThrough || left <= 1) client.destroy()
      else forward(client, left - 1)
    })
    client.once('close', () => target.destroy())
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function hold(open: Set<Socket>, socket: Socket): void {
  open.add(socket)
  socket.on('error', () => socket.destroy())
  socket.once('close', () => open.delete(socket))
}
