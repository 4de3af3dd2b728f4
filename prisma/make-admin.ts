import { createDb } from '@matic/db'
import { createClock, createIds, createRandom, randomToken } from '@matic/platform'
import { createPasswords } from '@matic/services/auth/index'

export interface MadeAdmin {
  /** Of the account that was made for it; `null` where there was one with that address. Known nowhere else. */
  readonly password: string | null
}

/**
 * The first administrator of an installation: makes the account, or raises the one with that address. Who can run this has the database
 * anyway.
 */
export async function makeAdmin({ databaseUrl, email }: { databaseUrl: string; email: string }): Promise<MadeAdmin> {
  const address = email.trim().toLowerCase()
  if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new Error(`${email} is no e-mail address`)
  const db = createDb({ databaseUrl, applicationName: 'make admin', poolSize: 1 })
  const random = createRandom()
  const newId = createIds({ clock: createClock(), random })
  const passwords = createPasswords()
  try {
    const password = randomToken({ random })
    const hash = await passwords.hash(password)
    return await db.transaction(async (tx) => {
      const [user] = await tx.query<{ id: string; made: boolean }>(
        `INSERT INTO app_user (id, email, password_hash, full_name, role, is_active, is_email_verified)
         VALUES ($1, $2, $3, 'Administrator', 'SUPER_ADMIN', true, true)
         ON CONFLICT (email) DO UPDATE SET role = 'SUPER_ADMIN', is_active = true, is_email_verified = true
         RETURNING id, (xmax = 0) AS made`,
        [newId(), address, hash],
      )
      if (!user) throw new Error(`${address} could not be made an administrator`)
      await tx.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [user.id])
      await tx.query(`INSERT INTO audit_log (user_id, action, after) VALUES ($1, 'admin-made', $2)`, [
        user.id,
        JSON.stringify({ role: 'SUPER_ADMIN', by: 'command' }),
      ])
      return { password: user.made ? password : null }
    })
  } finally {
    await passwords.close()
    await db.close()
  }
}
