import type { AccountResult, LastLoss } from '@matic/domain'

/** What the loss limits look at, of account_state as `state`. A day that nothing was read in yet began with the last result. */
export function resultColumns(state: string): string {
  return `(${state}.equity - ${state}.net_deposits)::text AS result, ${state}.net_deposits::text AS "netDeposits", ${state}.peak_result::text AS "peakResult",
    CASE WHEN ${state}.trading_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN ${state}.day_result ELSE ${state}.result END::text AS "dayResult"`
}

/** When the account as `account` last lost, as the cool-down of its rules counts it; read only where they have one. */
export function lastLossColumn({ account, settings, own }: { account: string; settings: string; own: string }): string {
  const minutes = `coalesce((${own}.overrides->>'coolDownMinutes')::int, ${settings}.cool_down_minutes)`
  const after = `coalesce(${own}.overrides->>'coolDownAfter', ${settings}.cool_down_after)`
  const since = `clock_timestamp() - make_interval(mins => ${minutes})`
  return `(extract(epoch FROM CASE
    WHEN ${minutes} = 0 THEN NULL
    WHEN ${after} = 'stop' THEN (SELECT max(o.ended_at) FROM trade_order o WHERE o.account_id = ${account}.id AND o.leg = 'stop' AND o.state = 'FILLED' AND o.ended_at > ${since})
    ELSE (SELECT max(t.closed_at) FROM trade t WHERE t.account_id = ${account}.id AND t.closed_at > ${since} AND t.gross_pnl - t.fees + t.funding < 0)
    END) * 1000)::float8 AS "lastLossMs"`
}

export interface ResultRow {
  readonly result: string | null
  readonly netDeposits: string | null
  readonly peakResult: string | null
  readonly dayResult: string | null
}

export function resultOf({ result, netDeposits, peakResult, dayResult }: ResultRow): AccountResult | null {
  return result === null || netDeposits === null ? null : { result, netDeposits, peakResult, dayResult }
}

export function lastLossOf({ lastLossMs }: { readonly lastLossMs: number | null }): LastLoss | null {
  return lastLossMs === null ? null : { atMs: lastLossMs }
}
