import { createDb } from '@matic/db'

/** The way back in for somebody who lost phone and recovery codes. Who can run this has the database anyway; asking who it is, is up to them. */
export async function forgetTwoStep({ databaseUrl, email }: { databaseUrl: string; email: string }): Promise<void> {
  const db = createDb({ databaseUrl, applicationName: 'forget two-step', poolSize: 1 })
  try {
    await db.transaction(async (tx) => {
      const [user] = await tx.query<{ id: string }>('SELECT id FROM app_user WHERE email = $1', [email.trim().toLowerCase()])
      if (!user) throw new Error(`${email} has no account`)
      const gone = await tx.query('DELETE FROM totp WHERE user_id = $1 RETURNING user_id', [user.id])
      if (gone.length === 0) throw new Error(`${email} has no two-step sign-in`)
      await tx.query('DELETE FROM recovery_code WHERE user_id = $1', [user.id])
      await tx.query(`INSERT INTO audit_log (user_id, action, after) VALUES ($1, 'two-step-disabled', $2)`, [
        user.id,
        JSON.stringify({ by: 'command' }),
      ])
    })
  } finally {
    await db.close()
  }
}
