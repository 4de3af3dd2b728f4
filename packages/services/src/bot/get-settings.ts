import type { BotSettingsView, SizingMode } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'

export interface SettingsRow {
  isEnabled: boolean
  sizingMode: SizingMode
  equityPercent: string
  fixedQuote: string
  maxPositions: number
  defaultLeverage: number
  maxLeverage: number
  marginMode: 'cross' | 'isolated'
  riskPerTrade: string
  stopLossPercent: string | null
  takeProfitPercent: string | null
  trailingStop: boolean
  allowedSymbols: string[]
  blacklistedSymbols: string[]
  maxNotional: string | null
  maxSignalAgeSeconds: number
  spotTickerToPerp: boolean
  version: number
}

export const SETTINGS_COLUMNS = `
  s.is_enabled AS "isEnabled", s.sizing_mode AS "sizingMode", s.equity_percent AS "equityPercent", s.fixed_quote AS "fixedQuote",
  s.max_positions AS "maxPositions", s.default_leverage AS "defaultLeverage", s.max_leverage AS "maxLeverage", s.margin_mode AS "marginMode",
  s.risk_per_trade AS "riskPerTrade", s.stop_loss_percent AS "stopLossPercent", s.take_profit_percent AS "takeProfitPercent",
  s.trailing_stop AS "trailingStop", s.allowed_symbols AS "allowedSymbols", s.blacklisted_symbols AS "blacklistedSymbols",
  s.max_notional AS "maxNotional", s.max_signal_age_seconds AS "maxSignalAgeSeconds", s.spot_ticker_to_perp AS "spotTickerToPerp", s.version`

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
  const { tokenTail, lastSeenAt, userSwitch, globalSwitch, ...settings } = row
  return {
    ...settings,
    equityPercent: plain(row.equityPercent),
    fixedQuote: plain(row.fixedQuote),
    riskPerTrade: plain(row.riskPerTrade),
    stopLossPercent: plainOrNull(row.stopLossPercent),
    takeProfitPercent: plainOrNull(row.takeProfitPercent),
    maxNotional: plainOrNull(row.maxNotional),
    webhookUrl: tokenTail === null ? null : webhookUrl(input, `****${tokenTail}`),
    webhookLastSeenAt: isoOrNull(lastSeenAt),
    killSwitch: { user: userSwitch, global: globalSwitch },
  }
}

export function webhookUrl({ publicUrl, userId }: Input, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/api/webhook/${userId}/${token}`
}
