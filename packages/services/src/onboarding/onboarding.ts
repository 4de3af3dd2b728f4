import { ONBOARDING_STEPS, type OnboardingStep, type OnboardingView } from '@matic/contracts'
import type { Queryable } from '@matic/db'

type Progress = Record<OnboardingStep, boolean> & { dismissed: boolean }

/** A step is done where its traces are: a ready account, rules that were changed, an address that was made or used, a fill of an alert. */
export async function getOnboarding({ db, input }: { db: Queryable; input: { userId: string } }): Promise<OnboardingView> {
  const [progress] = await db.query<Progress>(
    `SELECT coalesce((SELECT is_email_verified FROM app_user WHERE id = $1), false) AS "verify-email",
            EXISTS (SELECT 1 FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS "two-step",
            EXISTS (SELECT 1 FROM account WHERE user_id = $1 AND key_status = 'VALID' AND is_active AND deleted_at IS NULL) AS "paper-account",
            EXISTS (SELECT 1 FROM fact WHERE user_id = $1 AND kind = 'settings-changed' AND entity <> 'webhook' AND payload ->> 'fields' <> '["isEnabled"]') AS rules,
            EXISTS (SELECT 1 FROM webhook WHERE user_id = $1 AND last_seen_at IS NOT NULL)
              OR EXISTS (SELECT 1 FROM audit_log WHERE user_id = $1 AND action = 'webhook-rotated') AS webhook,
            EXISTS (SELECT 1 FROM trade_order o JOIN signal s ON s.id = o.signal_id
                     WHERE o.user_id = $1 AND s.source IN ('TEST', 'WEBHOOK') AND o.leg = 'open' AND o.state = 'FILLED') AS "test-alert",
            EXISTS (SELECT 1 FROM user_mark WHERE user_id = $1 AND onboarding_dismissed_at IS NOT NULL) AS dismissed`,
    [input.userId],
  )
  return {
    steps: ONBOARDING_STEPS.map((step) => ({ step, done: progress?.[step] ?? false })),
    dismissed: progress?.dismissed ?? false,
  }
}

export async function dismissOnboarding({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; dismissed: boolean }
}): Promise<OnboardingView> {
  await db.query(
    `INSERT INTO user_mark (user_id, onboarding_dismissed_at) VALUES ($1, CASE WHEN $2 THEN clock_timestamp() END)
     ON CONFLICT (user_id) DO UPDATE SET onboarding_dismissed_at = excluded.onboarding_dismissed_at`,
    [input.userId, input.dismissed],
  )
  return getOnboarding({ db, input })
}
