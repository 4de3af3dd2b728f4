import { FactEvent, PriceTicks, type PricesClientEvents, type PricesServerEvents, type UserServerEvents } from '@matic/contracts'
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'

export type LiveState = 'connecting' | 'connected' | 'reconnecting'

interface LiveOptions {
  /** Where the sockets live; empty for the page's own origin. */
  readonly baseUrl: string
  readonly onState?: (state: LiveState) => void
}

export interface UserSocketOptions extends LiveOptions {
  readonly getAccessToken: () => string | null
  /** Tries to get a new access token; true when there is one. */
  readonly onUnauthenticated: () => Promise<boolean>
  readonly onFact: (fact: FactEvent) => void
  /** Facts were or may have been missed (first contact, a jump in the version, a reconnect): read everything again. */
  readonly onGap: () => void
}

export interface UserSocket {
  close(): void
}

export interface PricesSocketOptions extends LiveOptions {
  readonly onTicks: (ticks: PriceTicks) => void
}

export interface PricesSocket {
  /** Replaces the set of unified symbols whose marks are wanted. */
  subscribe(symbols: readonly string[]): void
  close(): void
}

const socketOptions: Partial<ManagerOptions & SocketOptions> = {
  transports: ['websocket', 'polling'],
  reconnectionDelay: 300,
  reconnectionDelayMax: 4_000,
}

const firstPauseMs = 1_000
const longestPauseMs = 30_000
const renewable = new Set(['UNAUTHENTICATED', 'TOKEN_EXPIRED'])

/** Committed facts of one user, in order. What is missed is not replayed: `onGap` says so. */
export function connectUser(options: UserSocketOptions): UserSocket {
  const socket: Socket<UserServerEvents> = io(`${options.baseUrl}/user`, {
    ...socketOptions,
    auth: (give) => give({ token: options.getAccessToken() }),
  })
  let version: number | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let refusals = 0
  let closed = false

  // A refusal by the server, unlike a lost line, is not retried by the library.
  const refused = async ({ tokenIsOld }: { tokenIsOld: boolean }): Promise<void> => {
    options.onState?.('reconnecting')
    const pauseMs = refusals === 0 ? 0 : Math.min(firstPauseMs * 2 ** (refusals - 1), longestPauseMs)
    refusals += 1
    if (tokenIsOld) await options.onUnauthenticated().catch(() => false)
    if (!closed) retry = setTimeout(() => void socket.connect(), pauseMs)
  }

  watchState(socket, options)
  socket.on('connect_error', (error) => {
    if (!socket.active) void refused({ tokenIsOld: renewable.has(error.message) })
  })
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') void refused({ tokenIsOld: false })
  })
  socket.on('hello', (hello) => {
    refusals = 0
    const missed = version !== hello.version
    version = hello.version
    if (missed) options.onGap()
  })
  socket.on('fact', (event) => {
    const fact = FactEvent.parse(event)
    if (version !== null && fact.version <= version) return
    const missed = version !== null && fact.version > version + 1
    version = fact.version
    if (missed) options.onGap()
    options.onFact(fact)
  })

  return {
    close() {
      closed = true
      clearTimeout(retry)
      socket.disconnect()
    },
  }
}

/** Mark prices, at most four times a second. */
export function connectPrices(options: PricesSocketOptions): PricesSocket {
  const socket: Socket<PricesServerEvents, PricesClientEvents> = io(`${options.baseUrl}/prices`, socketOptions)
  let wanted: string[] = []

  watchState(socket, options)
  socket.on('connect', () => {
    if (wanted.length > 0) socket.emit('subscribe', wanted)
  })
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') socket.connect()
  })
  socket.on('ticks', (event) => options.onTicks(PriceTicks.parse(event)))

  return {
    subscribe(symbols) {
      const next = [...new Set(symbols)].toSorted()
      if (next.join() === wanted.join()) return
      wanted = next
      if (socket.connected) socket.emit('subscribe', wanted)
    },
    close() {
      socket.disconnect()
    },
  }
}

function watchState(socket: Pick<Socket, 'on'>, { onState }: LiveOptions): void {
  onState?.('connecting')
  let everConnected = false
  const lost = (): void => onState?.(everConnected ? 'reconnecting' : 'connecting')
  socket.on('connect', () => {
    everConnected = true
    onState?.('connected')
  })
  socket.on('disconnect', (reason) => {
    if (reason !== 'io client disconnect') lost()
  })
  socket.on('connect_error', lost)
}
