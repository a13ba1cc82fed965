// Stands in for undici in the bundle: what the collector's client uses of it, on Node's own HTTP client, which is compiled already.
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'

export class Agent {
  #agents
  #bodyTimeout

  constructor({ connections, connect, bodyTimeout }) {
    const options = { keepAlive: true, maxSockets: connections, noDelay: true }
    const { ca } = connect
    const tls = ca === undefined ? options : { ...options, ca }
    this.#agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(tls) }
    this.#bodyTimeout = bodyTimeout
  }

  request({ origin, path, method, headers, body, signal }) {
    const url = new URL(path, origin)
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const length = body === null ? {} : { 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agents[url.protocol], method, headers: { ...headers, ...length }, signal }
      const request = send(url, options, (response) => {
        response.setTimeout(this.#bodyTimeout, () => response.destroy(new Error('the answer stopped coming')))
        const { statusCode, headers } = response
        resolve({ statusCode, headers, body: Object.assign(response, { text: () => text(response) }) })
      })
      request.on('error', reject)
      request.end(body ?? undefined)
    })
  }

  destroy() {
    for (const agent of Object.values(this.#agents)) agent.destroy()
    return Promise.resolve()
  }
}
