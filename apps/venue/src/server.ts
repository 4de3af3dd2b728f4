import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { AdminAnswer, AdminRequest } from './admin.ts'
import type { VenueState } from './engine/state.ts'
import type { FaultDesk, FaultPlan } from './faults.ts'
import type { UserStreams } from './wire/binance/user-streams.ts'
import type { Binance } from './wire/binance/dialect.ts'
import { readParams, type WireRequest } from './wire/binance/request.ts'

export interface ServerOptions {
  readonly port: number
  readonly host: string
  readonly state: VenueState
  readonly binance: Binance
  readonly admin: (request: AdminRequest) => AdminAnswer
  readonly faults: FaultDesk
  readonly streams: UserStreams
  /** Answers leave only after this: what they tell is on disk. */
  readonly settled: () => Promise<void>
  readonly onBug: (error: unknown) => void
}

export interface RunningServer {
  readonly port: number
  close(): Promise<void>
}

const LARGEST_BODY = 1 << 20

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch((error: unknown) => {
      options.onBug(error)
      request.socket.destroy()
    })
  })
  server.keepAliveTimeout = 65_000
  server.on('upgrade', (request, socket, head) => options.streams.accept(request, socket, head))
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        // Answers held back by faults are not worth waiting for.
        setTimeout(() => server.closeAllConnections(), 250).unref()
      }),
  }
}

function listen(server: Server, { port, host }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function serve(options: ServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request)
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark + 1)
  const method = request.method ?? 'GET'

  if (path === '/health') return send(response, 200, { status: 'ok' })
  if (path.startsWith('/venue/')) {
    const answer = options.admin({ method, path, query: new URLSearchParams(query), token: header(request, 'x-venue-admin'), body })
    await options.settled()
    return send(response, answer.status, answer.body)
  }
  const params = readParams(query, header(request, 'content-type')?.includes('json') === true ? '' : body)
  await serveWire(options, { method, path, query, body, apiKey: header(request, 'x-mbx-apikey'), params }, request, response)
}

/** One request of the public wire protocol, with whatever the armed faults do to it. */
async function serveWire(options: ServerOptions, wire: WireRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const plan = options.faults.planFor({
    method: wire.method,
    path: wire.path,
    ref: wire.apiKey === undefined ? undefined : options.state.byApiKey.get(wire.apiKey)?.ref,
    symbol: wire.params.get('symbol'),
    address: request.socket.remoteAddress,
  })
  const answer = () =>
    options.binance.answer(wire, { split: plan.split, lookupLagMs: plan.lookupLagMs, skewMs: plan.skewMs, revoked: plan.revoked })

  if (plan.requestDelayMs > 0) await pause(plan.requestDelayMs)
  if (plan.fate === 'drop-before') return hangUp(request)
  if (plan.fate === 'late-accept') {
    hangUp(request)
    await pause(plan.lateMs)
    answer()
    return
  }
  if (plan.status !== undefined) {
    await pause(plan.answerDelayMs)
    return sendFault(response, plan.status)
  }
  const { status, body } = answer()
  await options.settled()
  if (plan.answerDelayMs > 0) await pause(plan.answerDelayMs)
  if (plan.fate === 'accept-then-drop') return hangUp(request)
  send(response, status, body)
}

function sendFault(response: ServerResponse, fault: NonNullable<FaultPlan['status']>): void {
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter))
  if (fault.body === undefined && fault.code !== undefined) return send(response, fault.status, { code: fault.code, msg: fault.msg ?? '' })
  const text =
    fault.body ?? `<html><head><title>${fault.status}</title></head><body><center><h1>${fault.status} Error</h1></center></body></html>`
  response.writeHead(fault.status, { 'content-type': text.startsWith('{') || text.startsWith('[') ? 'application/json' : 'text/html' })
  response.end(text)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json;charset=utf-8', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function hangUp(request: IncomingMessage): void {
  request.socket.destroy()
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

async function readBody(request: IncomingMessage): Promise<string> {
  if (request.method === 'GET') return ''
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new Error('A request body of more than 1 MB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
