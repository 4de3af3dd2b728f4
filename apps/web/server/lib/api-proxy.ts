import { Agent, type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createProxyServer } from 'httpxy'

const ownedByTheApi = /^\/(?:api|socket\.io|health)(?:[/?]|$)/

export interface ApiProxy {
  /** True when the request belongs to the API and is on its way there. */
  request(req: IncomingMessage, res: ServerResponse): boolean
  /** WebSocket upgrades; what the API does not own is refused. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void
}

/** The API under this server's own address, sockets included: browsers see one origin. */
export function createApiProxy({ apiUrl }: { apiUrl: string }): ApiProxy {
  // A reused connection may be gone when a POST is written to it, and nobody could tell whether it arrived.
  const agent = new Agent({ keepAlive: false })
  const proxy = createProxyServer({ target: apiUrl, agent })
  proxy.on('error', (_error, _req, res) => {
    if (res === undefined) return
    if (!(res instanceof ServerResponse)) return void res.destroy()
    if (res.headersSent) return void res.destroy()
    res.writeHead(502, { 'content-type': 'text/plain', 'retry-after': '1' }).end('The API is starting or away. Try again in a moment.\n')
  })

  return {
    request(req, res) {
      if (!ownedByTheApi.test(req.url ?? '')) return false
      addForwarded(req)
      void proxy.web(req, res)
      return true
    },
    upgrade(req, socket, head) {
      if (!ownedByTheApi.test(req.url ?? '')) return void socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
      addForwarded(req)
      void proxy.ws(req, socket, {}, head)
    },
  }
}

// The caller's own claim stays in front; the API believes the last hop only.
function addForwarded(req: IncomingMessage): void {
  const claimed = req.headers['x-forwarded-for']
  req.headers['x-forwarded-for'] = [claimed, req.socket.remoteAddress].flat().filter(Boolean).join(', ')
  req.headers['x-forwarded-proto'] ??= 'http'
  if (req.headers.host !== undefined) req.headers['x-forwarded-host'] ??= req.headers.host
}
