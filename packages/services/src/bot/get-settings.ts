import type { BotSettingsView, Rules } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { isoOrNull } from '../plain.ts'
import { readRules, ruleColumns } from '../rules/rule-columns.ts'

export interface SettingsRow extends Rules {
  isEnabled: boolean
  version: number
}

export const SETTINGS_COLUMNS = `s.is_enabled AS "isEnabled", ${ruleColumns('s')}, s.version`

interface Input {
  readonly userId: string
  /** Where alerts are sent to from outside, such as https://trade.example.org. */
  readonly publicUrl: string
}

/** The bot's rules, its address with the token masked, and its switches. */
export async function getSettings({ db, input }: { db: Queryable; input: Input }): Promise<BotSettingsView> {
  await db.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [input.userId])
  const [row] = await db.query<
    SettingsRow & { tokenTail: string | null; lastSeenAt: Date | null; userSwitch: boolean; globalSwitch: boolean }
  >(
    `SELECT ${SETTINGS_COLUMNS}, w.token_tail AS "tokenTail", w.last_seen_at AS "lastSeenAt",
            EXISTS (SELECT 1 FROM kill_switch k WHERE k.scope = $1::text AND k.engaged) AS "userSwitch",
            EXISTS (SELECT 1 FROM kill_switch k WHERE k.scope = 'GLOBAL' AND k.engaged) AS "globalSwitch"
       FROM bot_settings s
       LEFT JOIN LATERAL (SELECT * FROM webhook w WHERE w.user_id = s.user_id AND w.is_active ORDER BY w.created_at, w.id LIMIT 1) w ON true
      WHERE s.user_id = $1::uuid`,
    [input.userId],
  )
  if (!row) throw new Error('Settings that were just there are gone')
  const { tokenTail, lastSeenAt, userSwitch, globalSwitch, isEnabled, version } = row
  return {
    ...readRules(row),
    isEnabled,
    version,
    webhookUrl: tokenTail === null ? null : webhookUrl(input, `****${tokenTail}`),
    webhookLastSeenAt: isoOrNull(lastSeenAt),
    killSwitch: { user: userSwitch, global: globalSwitch },
  }
}

export function webhookUrl({ publicUrl, userId }: Input, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/api/webhook/${userId}/${token}`
}
