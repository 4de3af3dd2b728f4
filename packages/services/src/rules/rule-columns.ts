import type { RuleField, Rules } from '@matic/contracts'
import { effectiveRules, type RuleOverrides } from '@matic/domain'
import { plain } from '../plain.ts'

export const RULE_COLUMN: Readonly<Record<RuleField, string>> = {
  sizingMode: 'sizing_mode',
  equityPercent: 'equity_percent',
  fixedQuote: 'fixed_quote',
  fixedQuantity: 'fixed_quantity',
  riskPerTrade: 'risk_per_trade',
  maxPositions: 'max_positions',
  defaultLeverage: 'default_leverage',
  maxLeverage: 'max_leverage',
  marginMode: 'margin_mode',
  stopMode: 'stop_mode',
  stopLossPercent: 'stop_loss_percent',
  takeProfitPercent: 'take_profit_percent',
  atrInterval: 'atr_interval',
  atrPeriod: 'atr_period',
  atrMultiplier: 'atr_multiplier',
  atrTargetMultiplier: 'atr_target_multiplier',
  targets: 'targets',
  breakEvenAfterTarget: 'break_even_after_target',
  breakEvenPercent: 'break_even_percent',
  trailingStop: 'trailing_stop',
  trailingPercent: 'trailing_percent',
  trailingActivationPercent: 'trailing_activation_percent',
  allowedSymbols: 'allowed_symbols',
  blacklistedSymbols: 'blacklisted_symbols',
  maxNotional: 'max_notional',
  dailyLossPercent: 'daily_loss_percent',
  maxDrawdownPercent: 'max_drawdown_percent',
  coolDownMinutes: 'cool_down_minutes',
  coolDownAfter: 'cool_down_after',
  maxSlippagePercent: 'max_slippage_percent',
  maxSignalAgeSeconds: 'max_signal_age_seconds',
  spotTickerToPerp: 'spot_ticker_to_perp',
}

/** The rules of bot_settings as `alias`, by their names. */
export function ruleColumns(alias: string): string {
  return Object.entries(RULE_COLUMN)
    .map(([field, column]) => `${alias}.${column} AS "${field}"`)
    .join(', ')
}

/** As people write them: 5, not 5.0000. */
export function readRules(row: Rules): Rules {
  return {
    sizingMode: row.sizingMode,
    equityPercent: plain(row.equityPercent),
    fixedQuote: plain(row.fixedQuote),
    fixedQuantity: plainOr(row.fixedQuantity),
    riskPerTrade: plain(row.riskPerTrade),
    maxPositions: row.maxPositions,
    defaultLeverage: row.defaultLeverage,
    maxLeverage: row.maxLeverage,
    marginMode: row.marginMode,
    stopMode: row.stopMode,
    stopLossPercent: plainOr(row.stopLossPercent),
    takeProfitPercent: plainOr(row.takeProfitPercent),
    atrInterval: row.atrInterval,
    atrPeriod: row.atrPeriod,
    atrMultiplier: plain(row.atrMultiplier),
    atrTargetMultiplier: plainOr(row.atrTargetMultiplier),
    targets: row.targets,
    breakEvenAfterTarget: row.breakEvenAfterTarget,
    breakEvenPercent: plainOr(row.breakEvenPercent),
    trailingStop: row.trailingStop,
    trailingPercent: plain(row.trailingPercent),
    trailingActivationPercent: plainOr(row.trailingActivationPercent),
    allowedSymbols: row.allowedSymbols,
    blacklistedSymbols: row.blacklistedSymbols,
    maxNotional: plainOr(row.maxNotional),
    dailyLossPercent: plainOr(row.dailyLossPercent),
    maxDrawdownPercent: plainOr(row.maxDrawdownPercent),
    coolDownMinutes: row.coolDownMinutes,
    coolDownAfter: row.coolDownAfter,
    maxSlippagePercent: plainOr(row.maxSlippagePercent),
    maxSignalAgeSeconds: row.maxSignalAgeSeconds,
    spotTickerToPerp: row.spotTickerToPerp,
  }
}

/** What an account's rules are made of: its owner's row, and its own overrides where it has some. */
export interface RulesRow extends Rules {
  readonly overrides: RuleOverrides | null
}

export function rulesOf(row: RulesRow): Rules {
  return effectiveRules(readRules(row), row.overrides)
}

function plainOr(numeric: string | null): string | null {
  return numeric === null ? null : plain(numeric)
}
