import { WebSocket } from 'ws'
import type { ExchangeFailure, ExchangeResult, UserStream, UserStreamListener } from '../port.ts'
import { rowOf, type Row } from './fields.ts'

export interface OpenStreamOptions {
  /** Without the listen key: `wss://fstream.binance.com/private/ws`. */
  readonly url: string
  /** POST and PUT of this account's listen key, signed by CCXT with this account's key alone. */
  takeKey(): Promise<ExchangeResult<string>>
  renewKey(): Promise<ExchangeResult<string>>
  readonly connectTimeoutMs: number
  /** A side that has not answered a ping for this long is gone. */
  readonly silenceMs: number
}

/** It lives for 60 minutes. */
const RENEW_MS = 20 * 60_000
const RENEW_AGAIN_MS = 60_000
const PINGS_WITHIN_SILENCE = 3
const KEY_GONE = '-1125'

/**
 * One connection to the user data stream of one account. CCXT signs for the listen key, but this socket is our own: CCXT Pro keeps the listen key in
 * the options of the client (`options.future.listenKey`), of which all our accounts share one, so a second account would hear the first; a client
 * for each would keep API keys for as long as the stream lasts, where ours are there only while `sign` runs, and costs 10 ms and 0.4 MB. It notices silence
 * after minutes, and reads what we only want to be woken by. The listen key is never given back: it is one for all keys of the account, the
 * leader's own programs among them.
 */
export async function openUserStream(options: OpenStreamOptions, listener: UserStreamListener): Promise<ExchangeResult<UserStream>> {
  const taken = await options.takeKey()
  if (!taken.ok) return taken
  const socket = new WebSocket(`${options.url}?listenKey=${taken.value}`, {
    handshakeTimeout: options.connectTimeoutMs,
    perMessageDeflate: false,
    followRedirects: false,
  })
  const failed = await connected(socket)
  if (failed !== undefined) return { ok: false, failure: notConnected(failed) }
  return { ok: true, value: keep(socket, taken.value, options, listener) }
}

/** @returns why it did not come about */
function connected(socket: WebSocket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve(undefined))
    socket.on('error', (error) => resolve('code' in error ? String(error.code) : error.name))
  })
}

function keep(socket: WebSocket, listenKey: string, options: OpenStreamOptions, listener: UserStreamListener): UserStream {
  let heardAtMs = performance.now()
  let over = false
  let renewing: NodeJS.Timeout | undefined

  function end(why: string): void {
    if (over) return
    over = true
    clearInterval(pinging)
    clearTimeout(renewing)
    socket.terminate()
    listener.ended(why)
  }

  async function renew(): Promise<void> {
    const renewed = await options.renewKey()
    if (over) return
    // A key that is another by now is not the one we listen with.
    if (renewed.ok && renewed.value !== listenKey) return end('key-changed')
    if (!renewed.ok && (renewed.failure.code === KEY_GONE || renewed.failure.verdict === 'AUTH')) return end(renewed.failure.code)
    renewing = setTimeout(() => void renew(), renewed.ok ? RENEW_MS : RENEW_AGAIN_MS)
  }

  const isSilent = () => performance.now() - heardAtMs > options.silenceMs
  const pinging = setInterval(() => {
    if (isSilent()) end('silent')
    else socket.ping()
  }, options.silenceMs / PINGS_WITHIN_SILENCE)
  renewing = setTimeout(() => void renew(), RENEW_MS)

  const heard = () => (heardAtMs = performance.now())
  socket.on('ping', heard)
  socket.on('pong', heard)
  socket.on('message', (data) => {
    heard()
    const told = readEvent(String(data))
    if (told === 'expired') end('key-expired')
    else if (told === 'news' && !over) listener.news()
  })
  socket.on('close', () => end('closed'))

  return { isHealthy: () => !over && !isSilent(), close: () => end('asked') }
}

/**
 * Whether something happened that an account is worth reading for: fills, changes of positions, orders that came or went. Funding is paid by everybody in
 * the same second, and the fill of a new plain order has a message of its own. What cannot be read is better looked at than missed.
 */
export function readEvent(text: string): 'news' | 'expired' | 'nothing' {
  const event = objectIn(() => JSON.parse(text))
  switch (event['e']) {
    case 'listenKeyExpired':
      return 'expired'
    case 'ORDER_TRADE_UPDATE':
      return isNewPlain(objectIn(() => event['o'])) ? 'nothing' : 'news'
    case 'ACCOUNT_UPDATE':
      return objectIn(() => event['a'])['m'] === 'FUNDING_FEE' ? 'nothing' : 'news'
    case 'ACCOUNT_CONFIG_UPDATE':
    case 'MARGIN_CALL':
      return 'nothing'
    default:
      return 'news'
  }
}

const isNewPlain = (order: Row): boolean => order['x'] === 'NEW' && (order['o'] === 'MARKET' || order['o'] === 'LIMIT')

function objectIn(read: () => unknown): Row {
  try {
    return rowOf(read())
  } catch {
    return {}
  }
}

function notConnected(code: string): ExchangeFailure {
  return {
    verdict: 'UNKNOWN',
    execution: 'not-sent',
    retryable: true,
    code,
    text: 'The private stream could not be opened',
    reason: 'UNKNOWN_OUTCOME',
    retryAfterMs: null,
  }
}
