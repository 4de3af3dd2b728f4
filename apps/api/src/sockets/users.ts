import { FACT_KINDS, isAppError, type FactEvent, type FactKind, type UserServerEvents } from '@matic/contracts'
import { authenticate, type Actor } from '@matic/services/auth/index'
import type { DefaultEventsMap, Namespace, Server, Socket } from 'socket.io'
import type { ApiContext } from '../context.ts'

interface SocketData {
  actor?: Actor
  token?: string
}
type UserSocket = Socket<DefaultEventsMap, UserServerEvents, DefaultEventsMap, SocketData>
type UserNamespace = Namespace<DefaultEventsMap, UserServerEvents, DefaultEventsMap, SocketData>

const BATCH_MS = 20
const BATCH_MAX = 500
const SOCKETS_PER_USER = 20

/** /user: everybody hears the committed facts that concern them, in order. */
export function serveUsers({ ctx, io }: { ctx: ApiContext; io: Server }): () => void {
  const users: UserNamespace = io.of('/user')

  users.use((socket, next) => {
    const token: unknown = socket.handshake.auth['token']
    if (typeof token !== 'string' || token === '') return next(new Error('UNAUTHENTICATED'))
    authenticate({ ctx, input: { accessToken: token } }).then(
      (actor) => {
        socket.data.actor = actor
        socket.data.token = token
        next()
      },
      (err: unknown) => next(new Error(isAppError(err) ? err.code : 'INTERNAL')),
    )
  })

  users.on('connection', (socket) => {
    const { actor } = socket.data
    if (!actor) return void socket.disconnect(true)
    welcome(socket, actor).catch((err: unknown) => {
      ctx.log.warn({ err, userId: actor.userId }, 'a socket could not be welcomed')
      socket.disconnect(true)
    })
  })

  async function welcome(socket: UserSocket, actor: Actor): Promise<void> {
    const room = roomOf(actor.userId)
    if ((users.adapter.rooms.get(room)?.size ?? 0) >= SOCKETS_PER_USER) return void socket.disconnect(true)
    const expiry = setTimeout(() => socket.disconnect(true), Math.max(0, actor.expiresAtMs - ctx.clock.now()))
    socket.on('disconnect', () => clearTimeout(expiry))
    // First the room, then the version: what is committed in between arrives twice rather than never.
    await socket.join(room)
    const [stream] = await ctx.db.query<{ version: string }>('SELECT version FROM user_stream WHERE user_id = $1', [actor.userId])
    socket.emit('hello', { version: Number(stream?.version ?? 0) })
  }

  /** A token that no longer holds takes its socket with it. */
  async function recheck(userIds: ReadonlySet<string> | null): Promise<void> {
    for (const socket of users.sockets.values()) {
      const { actor, token = '' } = socket.data
      if (!actor || (userIds !== null && !userIds.has(actor.userId))) continue
      await authenticate({ ctx, input: { accessToken: token } }).catch((err: unknown) => {
        if (isAppError(err)) socket.disconnect(true)
      })
    }
  }

  /** Versions were missed: everybody reads again. */
  async function sayVersions(): Promise<void> {
    const rooms = [...users.adapter.rooms.keys()].flatMap((room) => (room.startsWith(ROOM) ? [room.slice(ROOM.length)] : []))
    if (rooms.length === 0) return
    const streams = await ctx.db.query<{ userId: string; version: string }>(
      'SELECT user_id AS "userId", version FROM user_stream WHERE user_id = ANY($1)',
      [rooms],
    )
    for (const { userId, version } of streams) users.to(roomOf(userId)).emit('hello', { version: Number(version) })
  }

  const relay = createRelay({
    ctx,
    emit: (userId, event) => users.to(roomOf(userId)).emit('fact', event),
    listens: (userId) => users.adapter.rooms.has(roomOf(userId)),
  })
  const failed = (err: unknown) => ctx.log.warn({ err }, 'sockets could not be brought up to date')
  const stops = [
    ctx.bus.subscribe('facts', ({ ids }) => relay.hear(ids)),
    ctx.bus.subscribe('invalidate', ({ kind, ids }) => {
      if (kind === 'user') recheck(new Set(ids)).catch(failed)
    }),
    ctx.bus.onGap(() => {
      sayVersions().catch(failed)
      recheck(null).catch(failed)
    }),
    relay.stop,
  ]
  return () => stops.forEach((stop) => stop())
}

const ROOM = 'user:'

function roomOf(userId: string): string {
  return `${ROOM}${userId}`
}

interface FactRow {
  userId: string | null
  version: string | null
  kind: FactKind
  entity: string
  entityId: string
  at: Date
  payload: Record<string, unknown>
}

interface RelayOptions {
  readonly ctx: ApiContext
  readonly emit: (userId: string, event: FactEvent) => void
  /** Nobody reads facts of people who are not here. */
  readonly listens: (userId: string) => boolean
}

/** Ids from the bus become facts from the table: those of 20 ms in one read. */
function createRelay({ ctx, emit, listens }: RelayOptions): { hear(ids: readonly string[]): void; stop(): void } {
  const waiting: string[] = []
  let timer: NodeJS.Timeout | undefined
  let reading: Promise<void> = Promise.resolve()

  function hear(ids: readonly string[]): void {
    waiting.push(...ids)
    timer ??= setTimeout(flush, BATCH_MS)
  }

  function flush(): void {
    timer = undefined
    const ids = waiting.splice(0, BATCH_MAX)
    if (waiting.length > 0) timer = setTimeout(flush, 0)
    reading = reading.then(() => pass(ids)).catch((err: unknown) => ctx.log.warn({ err }, 'facts could not be read'))
  }

  async function pass(ids: readonly string[]): Promise<void> {
    const facts = await ctx.db.query<FactRow>(
      `SELECT user_id AS "userId", user_version AS version, kind, entity, entity_id AS "entityId", at, payload FROM fact WHERE id = ANY($1::bigint[]) ORDER BY user_id, user_version, id`,
      [ids],
    )
    for (const { userId, version, at, ...fact } of facts) {
      if (userId === null || version === null || !listens(userId) || !FACT_KINDS.includes(fact.kind)) continue
      emit(userId, { ...fact, version: Number(version), at: at.toISOString() })
    }
  }

  return { hear, stop: () => clearTimeout(timer) }
}
