import '#nitro-internal-pollyfills'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { toNodeListener } from 'h3'
import { useNitroApp } from 'nitropack/runtime'
import { createApiProxy } from './lib/api-proxy.ts'
import { readEnv } from './lib/env.ts'

const env = readEnv(process.env)
const nitro = useNitroApp()
const pages = toNodeListener(nitro.h3App)
const proxy = createApiProxy(env)

const server = createServer((req, res) => {
  if (!proxy.request(req, res)) void pages(req, res)
})

const open = new Set<Socket>()
server.on('connection', (socket) => {
  open.add(socket)
  socket.once('close', () => open.delete(socket))
})
server.on('upgrade', (req, socket, head) => proxy.upgrade(req, socket as Socket, head))

server.on('error', (error) => {
  console.error(`The web server cannot listen on ${env.host}:${env.port}: ${error.message}`)
  process.exit(1)
})
server.listen(env.port, env.host, () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : env.port
  console.log(`Listening on http://${env.host.includes(':') ? `[${env.host}]` : env.host}:${port}`)
})

// Nothing here is worth waiting for: sockets reconnect, and every write is the API's.
const stop = (): void => {
  server.close(() => process.exit(0))
  for (const socket of open) socket.destroy()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
