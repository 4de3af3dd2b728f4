import http from 'node:http'

export interface Proxy {
  readonly url: string
  readonly badGateways: () => number
  close(): Promise<void>
}

/** A proxy as it stands before a platform: takes the next api in turn and says 502 when that one is dead. */
export async function startProxy(targets: readonly { host: string; port: number }[]): Promise<Proxy> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  let turn = 0
  let badGateways = 0

  const server = http.createServer((incoming, outgoing) => {
    const target = targets[turn++ % targets.length]
    const refuse = () => {
      badGateways += 1
      if (outgoing.headersSent) outgoing.destroy()
      else outgoing.writeHead(502).end('Bad Gateway')
    }
    const forward = http.request(
      { ...target, agent, method: incoming.method, path: incoming.url, headers: incoming.headers, timeout: 10_000 },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.on('error', () => outgoing.destroy())
        answer.pipe(outgoing)
      },
    )
    forward.on('error', refuse)
    forward.on('timeout', () => forward.destroy(new Error('timeout')))
    incoming.pipe(forward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port')

  return {
    url: `http://127.0.0.1:${address.port}`,
    badGateways: () => badGateways,
    close: () =>
      new Promise((resolve) => {
        agent.destroy()
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
