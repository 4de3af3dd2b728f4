import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import type { ApiContext } from '../context.ts'
import { servePrices } from './prices.ts'
import { serveUsers } from './users.ts'

export interface Sockets {
  start(): void
  close(): Promise<void>
}

const FRAME_BYTES_MAX = 16 * 1024

export function createSockets({ ctx, server }: { ctx: ApiContext; server: HttpServer }): Sockets {
  const io = new Server({
    serveClient: false,
    maxHttpBufferSize: FRAME_BYTES_MAX,
    cors: { origin: [...ctx.origins.list], credentials: true },
    // CORS does not hold for websockets.
    allowRequest: (req, done) => done(null, ctx.origins.allows({ origin: req.headers.origin })),
  })
  const stopping: (() => void)[] = []

  return {
    start() {
      io.attach(server)
      stopping.push(serveUsers({ ctx, io }), servePrices({ ctx, io }))
    },
    async close() {
      for (const stop of stopping) stop()
      io.disconnectSockets(true)
      io.engine?.close()
    },
  }
}
