import { AppError, type UserView } from '@matic/contracts'
import type { Queryable } from '@matic/db'

interface Row {
  id: string
  email: string
  fullName: string
  publicName: string | null
  phone: string | null
  address: string | null
  role: UserView['role']
  isActive: boolean
  isEmailVerified: boolean
  hasTwoStep: boolean
  followMails: boolean
  plan: string | null
  status: string | null
  endDate: Date | null
}

/** @throws AppError UNAUTHENTICATED when the user is gone */
export async function getProfile({ db, userId }: { db: Queryable; userId: string }): Promise<UserView> {
  const [row] = await db.query<Row>(
    `SELECT u.id, u.email, u.full_name AS "fullName", u.public_name AS "publicName", u.phone, u.address, u.role, u.is_active AS "isActive", u.is_email_verified AS "isEmailVerified",
            u.follow_mails AS "followMails",
            EXISTS (SELECT 1 FROM totp t WHERE t.user_id = u.id AND t.confirmed_at IS NOT NULL) AS "hasTwoStep",
            s.plan, s.status, s.end_date AS "endDate"
       FROM app_user u LEFT JOIN subscription s ON s.user_id = u.id WHERE u.id = $1`,
    [userId],
  )
  if (!row) throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
  const { plan, status, endDate, ...user } = row
  return {
    ...user,
    subscription: plan === null || status === null || endDate === null ? null : { plan, status, endDate: endDate.toISOString() },
  }
}
