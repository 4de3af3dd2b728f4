import { AppError, type BotSettingsPatch } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { SETTINGS_COLUMNS, type SettingsRow } from './get-settings.ts'

type Field = keyof BotSettingsPatch

const COLUMNS: Readonly<Record<Field, string>> = {
  isEnabled: 'is_enabled',
  sizingMode: 'sizing_mode',
  equityPercent: 'equity_percent',
  fixedQuote: 'fixed_quote',
  maxPositions: 'max_positions',
  defaultLeverage: 'default_leverage',
  maxLeverage: 'max_leverage',
  marginMode: 'margin_mode',
  riskPerTrade: 'risk_per_trade',
  stopLossPercent: 'stop_loss_percent',
  takeProfitPercent: 'take_profit_percent',
  trailingStop: 'trailing_stop',
  allowedSymbols: 'allowed_symbols',
  blacklistedSymbols: 'blacklisted_symbols',
  maxNotional: 'max_notional',
  maxSignalAgeSeconds: 'max_signal_age_seconds',
  spotTickerToPerp: 'spot_ticker_to_perp',
}

/** Changes the rules that are named and no others. @throws AppError VALIDATION_FAILED when the result makes no sense */
export async function updateSettings({
  ctx,
  input,
}: {
  ctx: ServiceContext
  input: { userId: string; patch: BotSettingsPatch }
}): Promise<void> {
  const { userId, patch } = input
  const changes = Object.entries(patch).flatMap(([field, value]) =>
    isField(field) && value !== undefined ? [{ field, column: COLUMNS[field], value }] : [],
  )
  if (changes.length === 0) return

  const ids = await ctx.db.transaction(async (tx) => {
    await tx.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [userId])
    const assignments = changes.map(({ column }, index) => `${column} = $${index + 2}`)
    const [changed] = await tx.query<SettingsRow>(
      `UPDATE bot_settings AS s SET ${assignments.join(', ')}, version = s.version + 1, updated_at = clock_timestamp() WHERE s.user_id = $1 RETURNING ${SETTINGS_COLUMNS}`,
      [userId, ...changes.map(({ value }) => value)],
    )
    if (changed && changed.defaultLeverage > changed.maxLeverage) {
      throw new AppError('VALIDATION_FAILED', 'Some fields are not right', {
        details: { defaultLeverage: [`Must not be above the maximum leverage of ${changed.maxLeverage}`] },
      })
    }
    const payload = { fields: changes.map(({ field }) => field), version: changed?.version ?? 0 }
    return recordFacts(tx, [{ userId, kind: 'settings-changed', entity: 'settings', entityId: userId, payload }])
  })
  ctx.bus.publish('facts', { ids })
}

function isField(name: string): name is Field {
  return Object.hasOwn(COLUMNS, name)
}
