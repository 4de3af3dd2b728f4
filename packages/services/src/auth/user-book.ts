import type { UserView } from '@matic/contracts'
import type { Db } from '@matic/db'
import type { Bus, Clock } from '@matic/platform'

/** What every request has to know of its user. */
export interface KnownUser {
  readonly id: string
  readonly role: UserView['role']
  readonly sessionVersion: number
  readonly hasTwoStep: boolean
  /** Logins ended so recently that an access token of theirs may still be around. */
  readonly endedFamilies: ReadonlySet<string>
}

/** Users by id, kept in memory until somebody says that they changed. */
export interface UserBook {
  find(userId: string): Promise<KnownUser | null>
}

interface UserBookOptions {
  readonly db: Db
  readonly bus: Pick<Bus, 'subscribe' | 'onGap'>
  readonly clock: Clock
  readonly accessTtlMs: number
}

const KNOWN_MS = 5_000
const ENTRIES_MAX = 20_000

export function createUserBook({ db, bus, clock, accessTtlMs }: UserBookOptions): UserBook {
  const entries = new Map<string, { user: Promise<KnownUser | null>; untilMs: number }>()

  bus.subscribe('invalidate', ({ kind, ids }) => {
    if (kind === 'user') for (const id of ids) entries.delete(id)
  })
  bus.onGap(() => entries.clear())

  return {
    find(userId) {
      const entry = entries.get(userId)
      if (entry && entry.untilMs > clock.monotonic()) return entry.user
      const user = readUser(db, userId, new Date(clock.now() - accessTtlMs - 60_000))
      if (entries.size >= ENTRIES_MAX) entries.clear()
      entries.set(userId, { user, untilMs: clock.monotonic() + KNOWN_MS })
      user.catch(() => entries.delete(userId))
      return user
    },
  }
}

async function readUser(db: Db, userId: string, endedSince: Date): Promise<KnownUser | null> {
  const [row] = await db.query<Omit<KnownUser, 'endedFamilies'> & { ended: string[] }>(
    `SELECT u.id, u.role, u.session_version AS "sessionVersion",
            EXISTS (SELECT 1 FROM totp t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL) AS "hasTwoStep",
            ARRAY(SELECT DISTINCT s.family_id::text FROM session s WHERE s.user_id = u.id AND s.revoked_at > $2) AS ended
       FROM app_user u WHERE u.id = $1`,
    [userId, endedSince],
  )
  if (!row) return null
  const { ended, ...user } = row
  return { ...user, endedFamilies: new Set(ended) }
}
