import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { marksAt } from '../../engine/margin.ts'
import type { News } from '../../engine/news.ts'
import type { Exchange } from '../../exchange.ts'
import type { FaultDesk, FaultPlan } from '../../faults.ts'
import type { ListenKeys } from './listen-keys.ts'
import { presentNews } from './present-news.ts'

/** User data streams: who connects with the listen key of an account hears what happens to it. */
export interface UserStreams {
  /** Takes over a connection that asks to be a WebSocket. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

const EXPIRY_LOOK_MS = 250
const PING_MS = 3 * 60_000

/** An event as it leaves: what armed faults do to it is decided when it happens. */
interface Leaving {
  readonly text: string
  readonly fate: FaultPlan['stream']
}

export function createUserStreams({
  exchange,
  listenKeys,
  faults,
  onBug,
}: {
  exchange: Exchange
  listenKeys: ListenKeys
  faults: FaultDesk
  onBug: (error: unknown) => void
}): UserStreams {
  const { state } = exchange
  // Pings are answered below: a dead stream answers none.
  const server = new WebSocketServer({ noServer: true, autoPong: false, perMessageDeflate: false })
  const listeners = new Map<string, Set<WebSocket>>()
  /** Of each account one event held back, to leave after the next one. */
  const held = new Map<string, string>()
  const dead = new WeakSet<WebSocket>()
  let leaving: Promise<unknown> = Promise.resolve()

  const fateOf = (method: 'EVENT' | 'PING', path: string, ref: string | undefined) =>
    faults.planFor({ method, path, ref, symbol: undefined }).stream

  exchange.onNews((news) => {
    const nowMs = exchange.now()
    const events = news.flatMap((one) => leave(one, nowMs))
    leaving = leaving
      .then(() => exchange.settled())
      .then(() => {
        for (const { ref, event } of events) send(ref, event)
      })
      .catch(onBug)
  })

  function leave(news: News, nowMs: number): { ref: string; event: Leaving }[] {
    const account = state.accounts.get(news.ref)
    if (account === undefined || !listeners.has(news.ref)) return []
    const event = presentNews(news, account, marksAt(state, nowMs), nowMs)
    return [{ ref: news.ref, event: { text: JSON.stringify(event), fate: fateOf('EVENT', `/ws/${event.e}`, news.ref) } }]
  }

  function send(ref: string, { text, fate }: Leaving): void {
    const sockets = [...(listeners.get(ref) ?? [])]
    if (fate === 'cut') {
      for (const socket of sockets) socket.terminate()
      return
    }
    if (fate === 'dead') for (const socket of sockets) dead.add(socket)
    if (fate === 'mute' || fate === 'dead') return
    if (fate === 'swap' && !held.has(ref)) {
      held.set(ref, text)
      return
    }
    const texts = [text, ...(fate === 'twice' ? [text] : []), ...(held.has(ref) ? [held.get(ref) ?? ''] : [])]
    held.delete(ref)
    for (const socket of sockets) for (const each of texts) if (!dead.has(socket)) socket.send(each)
  }

  function listen(socket: WebSocket, listenKey: string): void {
    // As the real one: who connects with a key that is none is let in and never told anything.
    const ref = listenKeys.ownerOf(listenKey)
    socket.on('error', () => socket.terminate())
    socket.on('ping', (data) => {
      if (dead.has(socket)) return
      const fate = fateOf('PING', '/ws', ref)
      if (fate === 'dead') dead.add(socket)
      else if (fate === 'cut') socket.terminate()
      else socket.pong(data)
    })
    if (ref === undefined) return
    const own = listeners.get(ref) ?? new Set()
    listeners.set(ref, own.add(socket))
    socket.on('close', () => {
      own.delete(socket)
      if (own.size === 0 && listeners.get(ref) === own) listeners.delete(ref)
    })
  }

  const expiry = setInterval(() => {
    const nowMs = exchange.now()
    for (const { ref, listenKey } of listenKeys.expire(nowMs))
      for (const socket of listeners.get(ref) ?? []) socket.send(JSON.stringify({ e: 'listenKeyExpired', E: nowMs, listenKey }))
  }, EXPIRY_LOOK_MS)
  const pings = setInterval(() => {
    for (const socket of server.clients) if (!dead.has(socket)) socket.ping()
  }, PING_MS)

  return {
    accept(request, socket, head) {
      const listenKey = listenKeyIn(request.url ?? '/')
      if (listenKey === undefined) return void socket.destroy()
      server.handleUpgrade(request, socket, head, (opened) => listen(opened, listenKey))
    },
    close() {
      clearInterval(expiry)
      clearInterval(pings)
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

/** `/ws/<listenKey>`, or `/private/ws?listenKey=<listenKey>` as it is since 2026. */
function listenKeyIn(url: string): string | undefined {
  const { pathname, searchParams } = new URL(url, 'http://venue')
  const named = /^(?:\/private)?\/ws(?:\/([A-Za-z0-9]+))?$/.exec(pathname)
  return named === null ? undefined : (named[1] ?? searchParams.get('listenKey') ?? undefined)
}
